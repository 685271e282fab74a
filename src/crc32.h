/** CRC-32 of PNG chunks (ISO 3309, polynomial 0xEDB88320). image_png_write.c has the reason for code of our own. */
#ifndef SONOMASK_CRC32_H
#define SONOMASK_CRC32_H

#include <stddef.h>
#include <stdint.h>

uint32_t sm_crc32(const uint8_t *bytes, size_t size);

#endif
