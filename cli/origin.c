#define _POSIX_C_SOURCE 200809L
#include "cli/origin.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/json_write.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool cli_origin_file(base_bytes *lines, const char *name, const char *path, base_error *error) {
    struct stat s;
    if (stat(path, &s))
        return base_file_fail(path, "open", error);
    return base_bytes_format(lines, error,
                             "%s: %lld bytes changed at %lld.%09ld, status at %lld.%09ld\n", name,
                             (long long)s.st_size, (long long)s.st_mtim.tv_sec, s.st_mtim.tv_nsec,
                             (long long)s.st_ctim.tv_sec, s.st_ctim.tv_nsec);
}

/* What model folders are read from; cards and other programs' weights are no matter. */
static bool is_read(const char *name) {
    static const char *const endings[] = {".json", ".txt", ".model", ".safetensors"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (base_ends_with(name, endings[i]))
            return true;
    return false;
}

/* Adds each file's name and checksum to the sum, in any order; folders in it when `deep`. */
static bool add_folder(uint64_t *sum, const char *folder, bool deep, base_error *error) {
    DIR *d = opendir(folder);
    bool ok = d ? true : base_file_fail(folder, "list", error);
    for (struct dirent *e; ok && d && (e = readdir(d));) {
        char *path = base_path(folder, e->d_name, error);
        uint32_t crc;
        ok = path != NULL;
        if (ok && deep && e->d_name[0] != '.' && base_file_is_folder(path)) {
            ok = add_folder(sum, path, false, error);
        } else if (ok && is_read(e->d_name) && base_file_is_regular(path)) {
            ok = base_file_crc32(path, &crc, error);
            uint64_t key = base_hash_bytes(e->d_name, strlen(e->d_name)) ^ crc;
            *sum += ok ? base_hash_bytes(&key, sizeof key) : 0;
        }
        free(path);
    }
    if (d)
        closedir(d);
    return ok;
}

bool cli_origin_model(base_bytes *lines, const nn_model *m, const char *folder, base_error *error) {
    uint64_t sum = 0;
    char *given = nn_model_folder(folder, error);
    bool ok =
        given && add_folder(&sum, given, true, error) &&
        (!m->lora || !m->encoder_folder || add_folder(&sum, m->encoder_folder, true, error)) &&
        base_bytes_format(lines, error, "model: checksum %016" PRIx64 "\nprompt: ", sum);
    base_json_writer w = {.out = lines, .error = error};
    if (ok)
        base_json_put_text(&w, NULL, m->prompt.text ? m->prompt.text : "", m->prompt.size);
    free(given);
    return ok && base_bytes_add(lines, "\n", 1, error);
}
