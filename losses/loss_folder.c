#include "losses/loss_folder.h"

#include "base/file.h"
#include "nn/weights.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_WIDTH = 1 << 20 };

static void put_config(base_json_writer *w, const void *l) {
    const loss_setting *s = loss_get_setting(l);
    base_json_open(w, NULL, '{');
    base_json_put_tree(w, "loss", loss_config(l));
    base_json_put_size(w, "width", s->width);
    if (s->teacher_width)
        base_json_put_size(w, "teacher_width", s->teacher_width);
    base_json_open(w, "labels", '[');
    for (size_t i = 0; i < s->classes; i++)
        base_json_put_string(w, NULL, s->label[i]);
    base_json_close(w, ']');
    base_json_close(w, '}');
}

bool loss_write(const loss *l, const char *folder, base_error *error) {
    char *weights = base_path(folder, "model.safetensors", error);
    bool done = weights && base_folder_make(folder, error) &&
                base_json_write_by(folder, "config.json", put_config, l, error) &&
                (nn_params_views(loss_params(l)) == 0 ||
                 nn_weights_write(loss_params(l), "", NULL, NULL, NULL, weights, error));
    free(weights);
    return done;
}

bool loss_fill(loss *l, const char *folder, base_error *error) {
    if (nn_params_views(loss_params(l)) == 0)
        return true;
    char *weights = base_path(folder, "model.safetensors", error);
    nn_weights_source source = {.path = weights, .scope = "", .data = true};
    bool done = weights && nn_weights_read(loss_params(l), &source, error);
    free(weights);
    return done;
}

/* Label names into a list that the tree owns. */
static bool read_labels(const cJSON *tree, const char *path, const char **label,
                        base_error *error) {
    size_t i = 0;
    for (const cJSON *item = base_json_get(tree, "labels")->child; item; item = item->next) {
        if (!cJSON_IsString(item))
            return base_fail(error, BASE_BAD_INPUT, "%s: labels[%zu] is not a string", path, i);
        label[i++] = item->valuestring;
    }
    return true;
}

static loss *from_tree(const cJSON *tree, const char *path, base_error *error) {
    const cJSON *config = base_json_get(tree, "loss"), *labels = base_json_get(tree, "labels");
    loss_setting setting = {0};
    if (!cJSON_IsObject(config) || !cJSON_IsArray(labels) || !labels->child ||
        !base_json_get(tree, "width")) {
        base_fail(error, BASE_BAD_INPUT,
                  "%s: expected \"loss\", an object, \"width\", a number, and \"labels\", a list "
                  "of names",
                  path);
        return NULL;
    }
    if (!base_json_size(tree, "width", 1, MOST_WIDTH, &setting.width, path, error) ||
        !base_json_size(tree, "teacher_width", 1, MOST_WIDTH, &setting.teacher_width, path, error))
        return NULL;
    setting.classes = (size_t)cJSON_GetArraySize(labels);
    const char **label = base_alloc(setting.classes, sizeof *label, error);
    loss *l = NULL;
    if (label && read_labels(tree, path, label, error)) {
        setting.label = label;
        l = loss_new(config, &setting, path, "loss.", error);
    }
    free(label);
    return l;
}

loss *loss_read(const char *folder, base_error *error) {
    char *path = base_path(folder, "config.json", error);
    cJSON *tree = path ? base_json_file(path, error) : NULL;
    loss *l = tree ? from_tree(tree, path, error) : NULL;
    if (l && !loss_fill(l, folder, error)) {
        loss_free(l);
        l = NULL;
    }
    cJSON_Delete(tree);
    free(path);
    return l;
}
