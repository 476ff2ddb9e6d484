// NaFlex preprocessing as a subject of patchmark (docs/subject-protocol.md), with the bits of torchvision's uint8 resize.
// JSON is scanned, not parsed: this relies on the compact form and the order of keys that the protocol promises, and
// refuses a path with an escape in it. It serves do_resize, do_rescale and do_normalize, bilinear, on one thread.
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct { uint8_t *rgb; int width, height, rows, columns; } Image;

static void *allocate(size_t bytes) { // zeros
    void *memory = calloc(bytes + 1, 1);
    if (!memory) fprintf(stderr, "naflex: no memory for %zu bytes\n", bytes), exit(1);
    return memory;
}

// The text after `key` in a request: behind its end if the key is missing, so that nothing is found there.
static const char *after(const char *text, const char *key) {
    const char *found = strstr(text, key);
    return found ? found + strlen(key) : text + strlen(text);
}

// The number of patches, by the bisection of transformers' get_image_size_for_max_num_patches.
static void grid(Image *image, int patch, int limit) {
    double low = 1e-6, high = 100, rows = 1, columns = 1;
    for (int found = 0; !found; ) {
        double scale = (found = high - low < 1e-5) ? low : (low + high) / 2;
        rows = fmax(ceil(image->height * scale / patch), 1), columns = fmax(ceil(image->width * scale / patch), 1);
        if (!found) *(rows * columns <= limit ? &low : &high) = scale;
    }
    image->rows = rows, image->columns = columns;
}

// The bilinear weights of output value i, which widen with the scale; returns how many there are.
static int weigh(int in, int out, int i, double *weights, int *first) {
    double scale = (double)in / out, support = fmax(scale, 1), centre = scale * (i + 0.5), total = 0;
    *first = fmax(trunc(centre - support + 0.5), 0);
    int count = fmin(fmin(trunc(centre + support + 0.5), in) - *first, 2 * ceil(support) + 1);
    for (int j = 0; j < count; j++) total += weights[j] = fmax(1 - fabs((j + *first - centre + 0.5) * (1 / support)), 0);
    for (int j = 0; j < count; j++) weights[j] /= total;
    return count;
}

// Resizes the middle one of three dimensions, [outer][in][inner] to [outer][out][inner], with weights as whole numbers
// below 2^15 in the largest precision that the whole axis allows.
static uint8_t *resize(const uint8_t *bytes, int outer, int in, int out, int inner) {
    uint8_t *resized = allocate((size_t)outer * out * inner);
    double *weights = allocate((2 * in + 3) * sizeof *weights), largest = 0;
    int *sums = allocate(inner * sizeof *sums), precision = 0, first;
    for (int i = 0; i < out; i++)
        for (int j = weigh(in, out, i, weights, &first) - 1; j >= 0; j--) largest = fmax(largest, weights[j]);
    while (precision < 22 && (int)(0.5 + largest * (2 << precision)) < 1 << 15) precision++;
    for (int i = 0; i < out; i++) {
        int count = weigh(in, out, i, weights, &first);
        for (int o = 0; o < outer; o++) {
            const uint8_t *from = bytes + ((size_t)o * in + first) * inner;
            uint8_t *to = resized + ((size_t)o * out + i) * inner;
            for (int k = 0; k < inner; k++) sums[k] = 1 << (precision - 1);
            for (int j = 0; j < count; j++, from += inner)
                for (int k = 0, weight = 0.5 + weights[j] * (1 << precision); k < inner; k++) sums[k] += from[k] * weight;
            for (int k = 0; k < inner; k++) to[k] = sums[k] >> precision > 255 ? 255 : sums[k] >> precision;
        }
    }
    free(weights), free(sums);
    return resized;
}

static void patches(const Image *image, int patch, float table[3][256], float *values) {
    int height = image->rows * patch, width = image->columns * patch;
    uint8_t *wide = resize(image->rgb, image->height, image->width, width, 3);
    uint8_t *bytes = resize(wide, 1, image->height, height, width * 3);
    for (int p = 0; p < image->rows * image->columns; p++)
        for (int y = 0; y < patch; y++) {
            size_t line = p / image->columns * patch + y, column = p % image->columns * patch;
            const uint8_t *row = bytes + (line * width + column) * 3;
            for (int i = 0; i < patch * 3; i++) *values++ = table[i % 3][row[i]];
        }
    free(wide), free(bytes);
}

// Makes the answer to a request; returns what is wrong with it, or NULL.
static const char *process(const char *request, char *answer) {
    long limit = atol(after(request, "\"max_num_patches\":")), patch = atol(after(request, "\"patch_size\":"));
    long repeat = atol(after(request, "\"repeat\":")), resample = atol(after(request, "\"resample\":")), batch = 0, offset;
    if (!strstr(request, "\"do_normalize\":true,\"do_rescale\":true,\"do_resize\":true") || resample != 2 || limit < 1 ||
        patch < 1 || repeat < 1 || repeat > 1000) return "these parameters are not served";
    float table[3][256], scale = 1 / atof(after(request, "\"rescale_factor\":"));
    const char *means = after(request, "\"image_mean\":["), *stds = after(request, "\"image_std\":[");
    for (int c = 0; c < 3; c++, means = after(means, ","), stds = after(stds, ",")) {
        float mean = (float)atof(means) * scale, std = (float)atof(stds) * scale;
        for (int value = 0; value < 256; value++) table[c][value] = ((float)value - mean) / std;
    }
    static Image images[4096];
    char path[4096], header[512];
    FILE *file;
    for (const char *at = request; *(at = after(at, "{\"file\":")); batch++, fclose(file)) {
        Image *image = &images[batch % 4096];
        if (batch == 4096 || sscanf(at, "\"%4095[^\"\\]\",\"offset\":%ld,\"width\":%d,\"height\":%d", path, &offset,
            &image->width, &image->height) != 4 || !(file = fopen(path, "rb"))) return "an image cannot be opened";
        size_t bytes = (size_t)image->width * image->height * 3;
        free(image->rgb), image->rgb = allocate(bytes);
        if (fseek(file, offset, SEEK_SET) || fread(image->rgb, 1, bytes, file) != bytes) return "an image cannot be read";
    }
    if (!batch) return "the batch is empty";
    // One block, of which the 64-bit shapes come first, so that they are aligned.
    size_t width = patch * patch * 3, shapes = batch * 16, values = batch * limit * width * 4, mask = batch * limit * 4;
    static char *block;
    for (int turn = 0; turn < repeat; turn++) {
        struct timespec start, end;
        free(block);
        clock_gettime(CLOCK_MONOTONIC, &start);
        block = allocate(shapes + values + mask);
        for (int i = 0; i < batch; i++) {
            grid(&images[i], patch, limit);
            int64_t *shape = (int64_t *)block + 2 * i;
            int32_t *real = (int32_t *)(block + shapes + values) + i * limit;
            shape[0] = images[i].rows, shape[1] = images[i].columns;
            for (int p = 0; p < shape[0] * shape[1]; p++) real[p] = 1;
            patches(&images[i], patch, table, (float *)(block + shapes) + i * limit * width);
        }
        clock_gettime(CLOCK_MONOTONIC, &end);
        double ms = (end.tv_sec - start.tv_sec) * 1e3 + (end.tv_nsec - start.tv_nsec) / 1e6;
        answer += sprintf(answer, "%s%.6f", turn ? "," : "", ms);
    }
    if (sscanf(after(request, "\"outputs\":"), "\"%4095[^\"\\]\"", path) != 1) return NULL; // null: none are wanted
    uint64_t length = sprintf(header, "{\"spatial_shapes\":{\"dtype\":\"I64\",\"shape\":[%ld,2],\"data_offsets\":[0,%zu]},"
        "\"pixel_values\":{\"dtype\":\"F32\",\"shape\":[%ld,%ld,%zu],\"data_offsets\":[%zu,%zu]},\"pixel_attention_mask\":{"
        "\"dtype\":\"I32\",\"shape\":[%ld,%ld],\"data_offsets\":[%zu,%zu]}}", batch, shapes, batch, limit, width, shapes,
        shapes + values, batch, limit, shapes + values, shapes + values + mask);
    if (!(file = fopen(path, "wb")) || !fwrite(&length, 8, 1, file) || !fwrite(header, length, 1, file) ||
        !fwrite(block, shapes + values + mask, 1, file) || fclose(file)) return "the tensors cannot be written";
    return NULL;
}

int main(void) {
    char *line = NULL, answer[1 << 15];
    for (size_t room = 0; getline(&line, &room, stdin) > 0; fflush(stdout)) {
        const char *wrong = strstr(line, "\"op\":\"start\"") ? "" : process(line, answer);
        if (wrong && !*wrong)
            puts("{\"protocol\":1,\"name\":\"naflex.c\",\"version\":\"1\",\"parameters\":[\"image_mean\",\"image_std\","
                 "\"max_num_patches\",\"patch_size\",\"rescale_factor\"]}");
        else if (wrong) printf("{\"id\":%ld,\"error\":\"%s\"}\n", atol(after(line, "\"id\":")), wrong);
        else printf("{\"id\":%ld,\"ms\":[%s]}\n", atol(after(line, "\"id\":")), answer);
    }
}
