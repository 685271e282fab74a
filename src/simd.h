/**
 * One vector of floats, as wide as the target: 16 lanes (AVX-512), 8 (AVX2 + FMA), 4 (SSE2, NEON, wasm simd128) or
 * 1 (scalar). Nothing else in the project includes intrinsics or uses compiler extensions.
 *
 * Each file of fast kernels is compiled once for every target, with SM_TARGET set to one of the SM_TARGET_* below;
 * SM_KERNEL(name) is the symbol of that target. Every target also has the 4-lane v4 type, for kernels with other
 * register tiles.
 *
 * On every target v_max(a, b) is a > b ? a : b and v_min(a, b) is a < b ? a : b, so that a NaN in `b` is the
 * result and one in `a` is not: v_max(v_zero(), x) is a ReLU that keeps NaN. v_select_greater(a, b, yes, no) is
 * a > b ? yes : no. v_exp2_integer(n) is 2^n for whole numbers n from -126 to 127.
 *
 * v_fma is fused where the target fuses (AVX-512, AVX2, 64-bit ARM, wasm with relaxed SIMD on a processor that fuses)
 * and multiply-then-add elsewhere: SIMDe's own fused forms become scalar loops in wasm.
 */
#ifndef SONOMASK_SIMD_H
#define SONOMASK_SIMD_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#define SM_TARGET_SCALAR 1
#define SM_TARGET_SIMD128 4
#define SM_TARGET_AVX2 8
#define SM_TARGET_AVX512 16

#ifndef SM_TARGET
#define SM_TARGET SM_TARGET_SCALAR
#endif

#define SM_PASTE_(a, b) a##_##b
#define SM_PASTE(a, b) SM_PASTE_(a, b)
#if SM_TARGET == SM_TARGET_AVX512
#define SM_TARGET_NAME avx512
#elif SM_TARGET == SM_TARGET_AVX2
#define SM_TARGET_NAME avx2
#elif SM_TARGET == SM_TARGET_SIMD128
#define SM_TARGET_NAME simd128
#else
#define SM_TARGET_NAME scalar
#endif
#define SM_KERNEL(name) SM_PASTE(name, SM_TARGET_NAME)

#if defined(__GNUC__)
#define SM_INLINE static inline __attribute__((always_inline))
#define SM_NOINLINE __attribute__((noinline))
#define SM_RESTRICT __restrict__
#if defined(__clang__) /* accepts GCC's pragma, but does not unroll the loop */
#define SM_UNROLL _Pragma("clang loop unroll(full)")
#define SM_KEEP_LOOP _Pragma("clang loop unroll(disable)") /* unrolling a body of many vectors would spill them */
#else
#define SM_UNROLL _Pragma("GCC unroll 16")
#define SM_KEEP_LOOP
#endif
#else
#define SM_INLINE static inline
#define SM_NOINLINE
#define SM_RESTRICT restrict
#define SM_UNROLL
#define SM_KEEP_LOOP
#endif

enum { V_LANES = SM_TARGET };

#if SM_TARGET == SM_TARGET_AVX512
#include <simde/x86/avx512.h>
typedef simde__m512 v_f32;
SM_INLINE v_f32 v_load(const float *p) { return simde_mm512_loadu_ps(p); }
SM_INLINE void v_store(float *p, v_f32 a) { simde_mm512_storeu_ps(p, a); }
SM_INLINE v_f32 v_splat(float a) { return simde_mm512_set1_ps(a); }
SM_INLINE v_f32 v_zero(void) { return simde_mm512_setzero_ps(); }
SM_INLINE v_f32 v_add(v_f32 a, v_f32 b) { return simde_mm512_add_ps(a, b); }
SM_INLINE v_f32 v_sub(v_f32 a, v_f32 b) { return simde_mm512_sub_ps(a, b); }
SM_INLINE v_f32 v_mul(v_f32 a, v_f32 b) { return simde_mm512_mul_ps(a, b); }
SM_INLINE v_f32 v_div(v_f32 a, v_f32 b) { return simde_mm512_div_ps(a, b); }
SM_INLINE v_f32 v_sqrt(v_f32 a) { return simde_mm512_sqrt_ps(a); }
SM_INLINE v_f32 v_max(v_f32 a, v_f32 b) { return simde_mm512_max_ps(a, b); }
SM_INLINE v_f32 v_min(v_f32 a, v_f32 b) { return simde_mm512_min_ps(a, b); }
SM_INLINE v_f32 v_select_greater(v_f32 a, v_f32 b, v_f32 yes, v_f32 no) {
    return _mm512_mask_blend_ps(simde_mm512_cmp_ps_mask(a, b, SIMDE_CMP_GT_OQ), no, yes);
}
SM_INLINE v_f32 v_exp2_integer(v_f32 n) { return simde_mm512_scalef_ps(v_splat(1.0f), n); }
SM_INLINE v_f32 v_fma(v_f32 a, v_f32 b, v_f32 c) { return simde_mm512_fmadd_ps(a, b, c); }
#elif SM_TARGET == SM_TARGET_AVX2
#include <simde/x86/avx2.h>
#include <simde/x86/fma.h>
typedef simde__m256 v_f32;
SM_INLINE v_f32 v_load(const float *p) { return simde_mm256_loadu_ps(p); }
SM_INLINE void v_store(float *p, v_f32 a) { simde_mm256_storeu_ps(p, a); }
SM_INLINE v_f32 v_splat(float a) { return simde_mm256_set1_ps(a); }
SM_INLINE v_f32 v_zero(void) { return simde_mm256_setzero_ps(); }
SM_INLINE v_f32 v_add(v_f32 a, v_f32 b) { return simde_mm256_add_ps(a, b); }
SM_INLINE v_f32 v_sub(v_f32 a, v_f32 b) { return simde_mm256_sub_ps(a, b); }
SM_INLINE v_f32 v_mul(v_f32 a, v_f32 b) { return simde_mm256_mul_ps(a, b); }
SM_INLINE v_f32 v_div(v_f32 a, v_f32 b) { return simde_mm256_div_ps(a, b); }
SM_INLINE v_f32 v_sqrt(v_f32 a) { return simde_mm256_sqrt_ps(a); }
SM_INLINE v_f32 v_max(v_f32 a, v_f32 b) { return simde_mm256_max_ps(a, b); }
SM_INLINE v_f32 v_min(v_f32 a, v_f32 b) { return simde_mm256_min_ps(a, b); }
SM_INLINE v_f32 v_select_greater(v_f32 a, v_f32 b, v_f32 yes, v_f32 no) {
    return simde_mm256_blendv_ps(no, yes, simde_mm256_cmp_ps(a, b, SIMDE_CMP_GT_OQ));
}
SM_INLINE v_f32 v_exp2_integer(v_f32 n) {
    simde__m256i exponent = simde_mm256_add_epi32(simde_mm256_cvtps_epi32(n), simde_mm256_set1_epi32(127));
    return simde_mm256_castsi256_ps(simde_mm256_slli_epi32(exponent, 23));
}
SM_INLINE v_f32 v_fma(v_f32 a, v_f32 b, v_f32 c) { return simde_mm256_fmadd_ps(a, b, c); }
#elif SM_TARGET == SM_TARGET_SIMD128
#include <simde/x86/sse2.h>
#if defined(__aarch64__)
#include <simde/x86/fma.h>
#endif
typedef simde__m128 v_f32;
#if defined(__wasm_simd128__)
#include <wasm_simd128.h>
SM_INLINE v_f32 v_splat(float a) { return simde_mm_set1_ps(a); }
SM_INLINE v_f32 v_max(v_f32 a, v_f32 b) { return (v_f32)wasm_f32x4_pmax((v128_t)b, (v128_t)a); }
SM_INLINE v_f32 v_min(v_f32 a, v_f32 b) { return (v_f32)wasm_f32x4_pmin((v128_t)b, (v128_t)a); }
SM_INLINE v_f32 v_select_greater(v_f32 a, v_f32 b, v_f32 yes, v_f32 no) {
    return (v_f32)wasm_v128_bitselect((v128_t)yes, (v128_t)no, wasm_f32x4_gt((v128_t)a, (v128_t)b));
}
SM_INLINE v_f32 v_exp2_integer(v_f32 n) {
    v128_t exponent = wasm_i32x4_add(wasm_i32x4_trunc_sat_f32x4((v128_t)n), wasm_i32x4_splat(127));
    return (v_f32)wasm_i32x4_shl(exponent, 23);
}
#else
SM_INLINE v_f32 v_splat(float a) { return simde_mm_set1_ps(a); }
SM_INLINE v_f32 v_max(v_f32 a, v_f32 b) { return simde_mm_max_ps(a, b); }
SM_INLINE v_f32 v_min(v_f32 a, v_f32 b) { return simde_mm_min_ps(a, b); }
SM_INLINE v_f32 v_select_greater(v_f32 a, v_f32 b, v_f32 yes, v_f32 no) {
    v_f32 mask = simde_mm_cmpgt_ps(a, b);
    return simde_mm_or_ps(simde_mm_and_ps(mask, yes), simde_mm_andnot_ps(mask, no));
}
SM_INLINE v_f32 v_exp2_integer(v_f32 n) {
    simde__m128i exponent = simde_mm_add_epi32(simde_mm_cvttps_epi32(n), simde_mm_set1_epi32(127));
    return simde_mm_castsi128_ps(simde_mm_slli_epi32(exponent, 23));
}
#endif
SM_INLINE v_f32 v_load(const float *p) { return simde_mm_loadu_ps(p); }
SM_INLINE void v_store(float *p, v_f32 a) { simde_mm_storeu_ps(p, a); }
SM_INLINE v_f32 v_zero(void) { return simde_mm_setzero_ps(); }
SM_INLINE v_f32 v_add(v_f32 a, v_f32 b) { return simde_mm_add_ps(a, b); }
SM_INLINE v_f32 v_sub(v_f32 a, v_f32 b) { return simde_mm_sub_ps(a, b); }
SM_INLINE v_f32 v_mul(v_f32 a, v_f32 b) { return simde_mm_mul_ps(a, b); }
SM_INLINE v_f32 v_div(v_f32 a, v_f32 b) { return simde_mm_div_ps(a, b); }
SM_INLINE v_f32 v_sqrt(v_f32 a) { return simde_mm_sqrt_ps(a); }
#if defined(__aarch64__)
SM_INLINE v_f32 v_fma(v_f32 a, v_f32 b, v_f32 c) { return simde_mm_fmadd_ps(a, b, c); }
#elif defined(__wasm_relaxed_simd__)
/* The compiler's opcode is that of a draft, with another order of operands. The build replaces it. */
SM_INLINE v_f32 v_fma(v_f32 a, v_f32 b, v_f32 c) { return __builtin_wasm_fma_f32x4(a, b, c); }
#else
SM_INLINE v_f32 v_fma(v_f32 a, v_f32 b, v_f32 c) { return simde_mm_add_ps(simde_mm_mul_ps(a, b), c); }
#endif
#else
typedef float v_f32;
SM_INLINE v_f32 v_load(const float *p) { return *p; }
SM_INLINE void v_store(float *p, v_f32 a) { *p = a; }
SM_INLINE v_f32 v_splat(float a) { return a; }
SM_INLINE v_f32 v_zero(void) { return 0.0f; }
SM_INLINE v_f32 v_add(v_f32 a, v_f32 b) { return a + b; }
SM_INLINE v_f32 v_sub(v_f32 a, v_f32 b) { return a - b; }
SM_INLINE v_f32 v_mul(v_f32 a, v_f32 b) { return a * b; }
SM_INLINE v_f32 v_div(v_f32 a, v_f32 b) { return a / b; }
SM_INLINE v_f32 v_sqrt(v_f32 a) { return sqrtf(a); }
SM_INLINE v_f32 v_max(v_f32 a, v_f32 b) { return a > b ? a : b; }
SM_INLINE v_f32 v_min(v_f32 a, v_f32 b) { return a < b ? a : b; }
SM_INLINE v_f32 v_select_greater(v_f32 a, v_f32 b, v_f32 yes, v_f32 no) { return a > b ? yes : no; }
SM_INLINE v_f32 v_exp2_integer(v_f32 n) {
    uint32_t bits = (uint32_t)((int32_t)n + 127) << 23;
    float power;
    memcpy(&power, &bits, sizeof power);
    return power;
}
SM_INLINE v_f32 v_fma(v_f32 a, v_f32 b, v_f32 c) { return a * b + c; }
#endif

/** The value at `p` in every lane, in a form that all our compilers turn into one load-and-broadcast. */
#if SM_TARGET == SM_TARGET_SIMD128 && defined(__wasm_simd128__)
SM_INLINE v_f32 v_load_splat(const float *p) { return (v_f32)wasm_v128_load32_splat(p); }
#else
SM_INLINE v_f32 v_load_splat(const float *p) { return v_splat(*p); }
#endif

/**
 * A non-temporal store on AVX-512, whose vectors are whole cache lines; a plain store on other targets. For tensors
 * larger than the caches it avoids reading the lines before they are written. `p` is aligned to the vector; call
 * v_stream_end before other threads may read the data.
 */
#if SM_TARGET == SM_TARGET_AVX512 && defined(__AVX512F__)
SM_INLINE void v_stream(float *p, v_f32 a) { _mm512_stream_ps(p, a); }
SM_INLINE void v_stream_end(void) { simde_mm_sfence(); }
#else
SM_INLINE void v_stream(float *p, v_f32 a) { v_store(p, a); }
SM_INLINE void v_stream_end(void) {}
#endif

/** V_LANES signed 8-bit numbers as floats. */
#if SM_TARGET == SM_TARGET_AVX512
SM_INLINE v_f32 v_load_bytes(const int8_t *p) {
    __m128i bytes;
    memcpy(&bytes, p, sizeof bytes);
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes));
}
#elif SM_TARGET == SM_TARGET_AVX2
SM_INLINE v_f32 v_load_bytes(const int8_t *p) {
    int64_t bytes;
    memcpy(&bytes, p, sizeof bytes);
    return simde_mm256_cvtepi32_ps(simde_mm256_cvtepi8_epi32(simde_mm_cvtsi64_si128(bytes)));
}
#elif SM_TARGET == SM_TARGET_SIMD128 && defined(__wasm_simd128__)
SM_INLINE v_f32 v_load_bytes(const int8_t *p) {
    const v128_t words = wasm_i16x8_extend_low_i8x16(wasm_v128_load32_zero(p));
    return (v_f32)wasm_f32x4_convert_i32x4(wasm_i32x4_extend_low_i16x8(words));
}
#elif SM_TARGET == SM_TARGET_SIMD128
SM_INLINE v_f32 v_load_bytes(const int8_t *p) {
    int32_t bytes;
    memcpy(&bytes, p, sizeof bytes);
    const simde__m128i numbers = simde_mm_cvtsi32_si128(bytes);
    const simde__m128i words = simde_mm_unpacklo_epi8(numbers, numbers);
    return simde_mm_cvtepi32_ps(simde_mm_srai_epi32(simde_mm_unpacklo_epi16(words, words), 24));
}
#else
SM_INLINE v_f32 v_load_bytes(const int8_t *p) { return (float)*p; }
#endif

/** Loads the first `count` lanes (0 .. V_LANES), zero in the others; and stores them. */
#if SM_TARGET == SM_TARGET_AVX512
SM_INLINE v_f32 v_load_part(const float *p, int count) {
    return _mm512_maskz_loadu_ps((__mmask16)((1u << count) - 1), p);
}
SM_INLINE void v_store_part(float *p, v_f32 a, int count) {
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << count) - 1), a);
}
#elif SM_TARGET == SM_TARGET_AVX2
SM_INLINE simde__m256i v_part_mask(int count) {
    return simde_mm256_cmpgt_epi32(simde_mm256_set1_epi32(count), simde_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
SM_INLINE v_f32 v_load_part(const float *p, int count) { return simde_mm256_maskload_ps(p, v_part_mask(count)); }
SM_INLINE void v_store_part(float *p, v_f32 a, int count) { simde_mm256_maskstore_ps(p, v_part_mask(count), a); }
#else
SM_INLINE v_f32 v_load_part(const float *p, int count) {
    float lanes[V_LANES] = {0};
    for (int lane = 0; lane < V_LANES; lane++)
        if (lane < count) lanes[lane] = p[lane];
    return v_load(lanes);
}
SM_INLINE void v_store_part(float *p, v_f32 a, int count) {
    float lanes[V_LANES];
    v_store(lanes, a);
    for (int lane = 0; lane < V_LANES; lane++)
        if (lane < count) p[lane] = lanes[lane];
}
#endif

/** Lane i of `a` and of `b` in turn: low then high hold a0 b0 a1 b1 ...; v_deinterleave is the inverse. */
#if SM_TARGET == SM_TARGET_AVX512
SM_INLINE void v_interleave(v_f32 a, v_f32 b, v_f32 *low, v_f32 *high) {
    const __m512i first = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    *low = _mm512_permutex2var_ps(a, first, b);
    *high = _mm512_permutex2var_ps(a, _mm512_add_epi32(first, _mm512_set1_epi32(8)), b);
}
SM_INLINE void v_deinterleave(v_f32 low, v_f32 high, v_f32 *a, v_f32 *b) {
    const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    *a = _mm512_permutex2var_ps(low, even, high);
    *b = _mm512_permutex2var_ps(low, _mm512_add_epi32(even, _mm512_set1_epi32(1)), high);
}
#elif SM_TARGET == SM_TARGET_AVX2
SM_INLINE void v_interleave(v_f32 a, v_f32 b, v_f32 *low, v_f32 *high) {
    v_f32 outer = simde_mm256_unpacklo_ps(a, b), inner = simde_mm256_unpackhi_ps(a, b);
    *low = simde_mm256_permute2f128_ps(outer, inner, 0x20);
    *high = simde_mm256_permute2f128_ps(outer, inner, 0x31);
}
SM_INLINE void v_deinterleave(v_f32 low, v_f32 high, v_f32 *a, v_f32 *b) {
    v_f32 left = simde_mm256_permute2f128_ps(low, high, 0x20), right = simde_mm256_permute2f128_ps(low, high, 0x31);
    *a = simde_mm256_shuffle_ps(left, right, 0x88);
    *b = simde_mm256_shuffle_ps(left, right, 0xdd);
}
#elif SM_TARGET == SM_TARGET_SIMD128
SM_INLINE void v_interleave(v_f32 a, v_f32 b, v_f32 *low, v_f32 *high) {
    *low = simde_mm_unpacklo_ps(a, b);
    *high = simde_mm_unpackhi_ps(a, b);
}
SM_INLINE void v_deinterleave(v_f32 low, v_f32 high, v_f32 *a, v_f32 *b) {
    *a = simde_mm_shuffle_ps(low, high, 0x88);
    *b = simde_mm_shuffle_ps(low, high, 0xdd);
}
#else
SM_INLINE void v_interleave(v_f32 a, v_f32 b, v_f32 *low, v_f32 *high) {
    *low = a;
    *high = b;
}
SM_INLINE void v_deinterleave(v_f32 low, v_f32 high, v_f32 *a, v_f32 *b) {
    *a = low;
    *b = high;
}
#endif

/** Sum over the lanes, added in a fixed tree order. */
SM_INLINE float v_sum(v_f32 a) {
    float lanes[V_LANES];
    v_store(lanes, a);
    for (int width = V_LANES / 2; width > 0; width /= 2)
        for (int lane = 0; lane < width; lane++) lanes[lane] += lanes[lane + width];
    return lanes[0];
}

/** The sums over the lanes of four vectors, each added in a fixed tree order; much cheaper than four v_sum. */
SM_INLINE void v_sum4(const v_f32 a[4], float *sums) {
#if SM_TARGET == SM_TARGET_SCALAR
    for (int i = 0; i < 4; i++) sums[i] = a[i];
#else
    simde__m128 folded[4];
    for (int i = 0; i < 4; i++) {
#if SM_TARGET == SM_TARGET_AVX512
        simde__m256 half = simde_mm256_add_ps(simde_mm512_castps512_ps256(a[i]), _mm512_extractf32x8_ps(a[i], 1));
        folded[i] = simde_mm_add_ps(simde_mm256_castps256_ps128(half), simde_mm256_extractf128_ps(half, 1));
#elif SM_TARGET == SM_TARGET_AVX2
        folded[i] = simde_mm_add_ps(simde_mm256_castps256_ps128(a[i]), simde_mm256_extractf128_ps(a[i], 1));
#else
        folded[i] = a[i];
#endif
    }
    simde__m128 low =
        simde_mm_add_ps(simde_mm_unpacklo_ps(folded[0], folded[1]), simde_mm_unpackhi_ps(folded[0], folded[1]));
    simde__m128 high =
        simde_mm_add_ps(simde_mm_unpacklo_ps(folded[2], folded[3]), simde_mm_unpackhi_ps(folded[2], folded[3]));
    simde_mm_storeu_ps(sums, simde_mm_add_ps(simde_mm_movelh_ps(low, high), simde_mm_movehl_ps(high, low)));
#endif
}

/** Whether this processor supports SM_TARGET_*. Only native x86-64 has targets that may be unsupported. */
SM_INLINE int sm_cpu_supports(int target) {
#if defined(__x86_64__) && defined(__GNUC__)
    if (target == SM_TARGET_AVX512)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
    if (target == SM_TARGET_AVX2) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
    return target <= SM_TARGET_SIMD128;
}

#endif
