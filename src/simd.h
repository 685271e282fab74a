/**
 * One vector of floats, as wide as the target: 16 lanes (AVX-512), 8 (AVX2 + FMA), 4 (SSE2, NEON, wasm simd128) or
 * 1 (scalar). Nothing else in the project includes intrinsics or uses compiler extensions.
 *
 * Each file of fast kernels is compiled once for every target, with SM_TARGET set to one of the SM_TARGET_* below;
 * SM_KERNEL(name) gives the target's own symbol. A kernel that wants another register tile than the widest may also
 * use the 4-lane v4 type, which exists on every target.
 *
 * v_fma is fused where the target fuses (AVX-512, AVX2) and multiply-then-add elsewhere: SIMDe's own fused forms
 * become scalar loops in wasm.
 */
#ifndef SONOMASK_SIMD_H
#define SONOMASK_SIMD_H

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
#define SM_UNROLL _Pragma("GCC unroll 16")
#else
#define SM_INLINE static inline
#define SM_NOINLINE
#define SM_RESTRICT restrict
#define SM_UNROLL
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
SM_INLINE v_f32 v_max(v_f32 a, v_f32 b) { return simde_mm512_max_ps(a, b); }
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
SM_INLINE v_f32 v_max(v_f32 a, v_f32 b) { return simde_mm256_max_ps(a, b); }
SM_INLINE v_f32 v_fma(v_f32 a, v_f32 b, v_f32 c) { return simde_mm256_fmadd_ps(a, b, c); }
#elif SM_TARGET == SM_TARGET_SIMD128
#include <simde/x86/sse2.h>
typedef simde__m128 v_f32;
#if defined(__wasm_simd128__)
#include <wasm_simd128.h>
SM_INLINE v_f32 v_splat(float a) { return simde_mm_set1_ps(a); }
SM_INLINE v_f32 v_max(v_f32 a, v_f32 b) { return (v_f32)wasm_f32x4_pmax((v128_t)a, (v128_t)b); }
#else
SM_INLINE v_f32 v_splat(float a) { return simde_mm_set1_ps(a); }
SM_INLINE v_f32 v_max(v_f32 a, v_f32 b) { return simde_mm_max_ps(a, b); }
#endif
SM_INLINE v_f32 v_load(const float *p) { return simde_mm_loadu_ps(p); }
SM_INLINE void v_store(float *p, v_f32 a) { simde_mm_storeu_ps(p, a); }
SM_INLINE v_f32 v_zero(void) { return simde_mm_setzero_ps(); }
SM_INLINE v_f32 v_add(v_f32 a, v_f32 b) { return simde_mm_add_ps(a, b); }
SM_INLINE v_f32 v_sub(v_f32 a, v_f32 b) { return simde_mm_sub_ps(a, b); }
SM_INLINE v_f32 v_mul(v_f32 a, v_f32 b) { return simde_mm_mul_ps(a, b); }
SM_INLINE v_f32 v_fma(v_f32 a, v_f32 b, v_f32 c) { return simde_mm_add_ps(simde_mm_mul_ps(a, b), c); }
#else
typedef float v_f32;
SM_INLINE v_f32 v_load(const float *p) { return *p; }
SM_INLINE void v_store(float *p, v_f32 a) { *p = a; }
SM_INLINE v_f32 v_splat(float a) { return a; }
SM_INLINE v_f32 v_zero(void) { return 0.0f; }
SM_INLINE v_f32 v_add(v_f32 a, v_f32 b) { return a + b; }
SM_INLINE v_f32 v_sub(v_f32 a, v_f32 b) { return a - b; }
SM_INLINE v_f32 v_mul(v_f32 a, v_f32 b) { return a * b; }
SM_INLINE v_f32 v_max(v_f32 a, v_f32 b) { return a > b ? a : b; }
SM_INLINE v_f32 v_fma(v_f32 a, v_f32 b, v_f32 c) { return a * b + c; }
#endif

/** The value at `p` in every lane (a form that every compiler here turns into one load-and-broadcast). */
#if SM_TARGET == SM_TARGET_SIMD128 && defined(__wasm_simd128__)
SM_INLINE v_f32 v_load_splat(const float *p) { return (v_f32)wasm_v128_load32_splat(p); }
#else
SM_INLINE v_f32 v_load_splat(const float *p) { return v_splat(*p); }
#endif

/** The first `count` lanes (0 .. V_LANES) from memory, zero in the others; and the reverse. */
SM_INLINE v_f32 v_load_part(const float *p, int count) {
    float lanes[V_LANES] = {0};
    if (count > 0) memcpy(lanes, p, (size_t)count * sizeof *p);
    return v_load(lanes);
}
SM_INLINE void v_store_part(float *p, v_f32 a, int count) {
    float lanes[V_LANES];
    v_store(lanes, a);
    if (count > 0) memcpy(p, lanes, (size_t)count * sizeof *p);
}

/** Sum over the lanes, added in a fixed tree order. */
SM_INLINE float v_sum(v_f32 a) {
    float lanes[V_LANES];
    v_store(lanes, a);
    for (int width = V_LANES / 2; width > 0; width /= 2)
        for (int lane = 0; lane < width; lane++) lanes[lane] += lanes[lane + width];
    return lanes[0];
}

/** Whether the processor running this has what SM_TARGET_* needs; only native x86-64 needs to ask. */
SM_INLINE int sm_cpu_supports(int target) {
#if defined(__x86_64__) && defined(__GNUC__)
    if (target == SM_TARGET_AVX512) return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl");
    if (target == SM_TARGET_AVX2) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
    return target <= SM_TARGET_SIMD128;
}

#endif
