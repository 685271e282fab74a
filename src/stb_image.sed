# Guards for stb_image's JPEG reader, inserted at build time (Makefile). Version 2.27 continues reading after the data of
# a scan has ended: its count of unread bits becomes negative, and a shift by 24 minus that count is undefined. Missing bits
# are 0, and a code longer than the rest of the data is an error, as in version 2.30, where these lines change nothing.
/if (j->code_bits < n) stbi__grow_buffer_unsafe(j);/a\
   if (j->code_bits < n) return 0; // sonomask guard
/if (j->code_bits < 1) stbi__grow_buffer_unsafe(j);/a\
   if (j->code_bits < 1) return 0; // sonomask guard
/s = r & 15; \/\/ combined length/a\
            if (s > j->code_bits) return stbi__err("data ends within a code", "Corrupt JPEG"); // sonomask guard
