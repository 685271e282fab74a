/* A program with its own stb_image, with global symbols, that also links the static library. */
#include <stdio.h>

#include <sonomask/sonomask.h>

#define STB_IMAGE_IMPLEMENTATION
#define STBI_ONLY_PNG
#include <stb/stb_image.h>

int main(int argc, char **argv) {
    int width = 0, height = 0, channels = 0;
    if (argc != 2) return 2;
    unsigned char *pixels = stbi_load(argv[1], &width, &height, &channels, 0);
    sm_image image = {width, height, channels, pixels};
    unsigned char *png = NULL;
    size_t size = 0;
    const sm_status status = sm_image_encode_png(&image, &png, &size, NULL);
    printf("%d x %d, %s\n", width, height, sm_status_name(status));
    sm_free(png);
    stbi_image_free(pixels);
    return status == SM_OK ? 0 : 1;
}
