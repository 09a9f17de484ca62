#include "synth/synth.h"

#include "base/file.h"
#include "base/random.h"
#include "data/reader.h"
#include "synth/sentence.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct pair {
    synth_scene scene[2];
    synth_style style[2];
    char text[2][SYNTH_SENTENCE];
} pair;

static const synth_file files[] = {
    {"nli-train.tsv", SYNTH_TRAIN, 30000, false}, {"nli-dev.tsv", SYNTH_DEV, 1500, false},
    {"nli-test.tsv", SYNTH_TEST, 1500, false},    {"sts-train.tsv", SYNTH_TRAIN, 5000, true},
    {"sts-dev.tsv", SYNTH_DEV, 1500, true},       {"sts-test.tsv", SYNTH_TEST, 1500, true},
};

const synth_file *synth_files(size_t *count) {
    *count = sizeof files / sizeof *files;
    return files;
}

/* A sentence belongs to one split, by its hash: 8 of 10 train, 1 dev, 1 test. */
static synth_split split_of(const char *sentence, uint64_t seed) {
    base_random hash = base_random_stream(seed, sentence);
    uint64_t tenth = base_random_below(&hash, 10);
    return tenth == 0 ? SYNTH_DEV : tenth == 1 ? SYNTH_TEST : SYNTH_TRAIN;
}

static bool chance(base_random *r, double p) {
    return base_random_uniform(r) < p;
}

/* Up to `most` changes, each tried a few times; returns how many were made. */
static size_t change(synth_scene *scene, synth_change *how, size_t most, base_random *r) {
    size_t made = 0;
    for (size_t tries = 0; made < most && tries < 20; tries++)
        made += how(scene, r);
    return made;
}

static void negate(synth_scene *scene) {
    scene->negated = true;
    scene->every = false; /* "every boy never ..." would be said of none or of some */
}

static void negate_both(pair *p) {
    negate(&p->scene[0]);
    p->scene[1] = p->scene[0];
}

static bool entail(pair *p, base_random *r) {
    if (chance(r, 0.15)) {
        negate_both(p);
        return true;
    }
    change(&p->scene[1], synth_generalise, (size_t)base_random_below(r, 3), r);
    return true;
}

static bool stay_neutral(pair *p, base_random *r) {
    if (chance(r, 0.15)) {
        negate_both(p);
        return change(&p->scene[1], synth_replace, 1, r) == 1;
    }
    return change(&p->scene[1], synth_specialise, 1 + (size_t)base_random_below(r, 2), r) > 0;
}

static bool contradict(pair *p, base_random *r) {
    if (chance(r, 0.25)) {
        p->scene[1] = synth_scene_draw(r);
        return synth_similarity(&p->scene[0], &p->scene[1]) < 0.15;
    }
    if (change(&p->scene[1], synth_contradict, 1, r) == 0)
        return false;
    if (p->scene[1].negated && chance(r, 0.5)) {
        synth_scene first = p->scene[0];
        p->scene[0] = p->scene[1];
        p->scene[1] = first;
    }
    return true;
}

static bool unrelated(pair *p, base_random *r) {
    p->scene[1] = synth_scene_draw(r);
    return true;
}

static bool replace_some(pair *p, base_random *r) {
    return change(&p->scene[1], synth_replace, 1 + (size_t)base_random_below(r, 2), r) > 0;
}

static bool paraphrase(pair *p, base_random *r) {
    if (chance(r, 0.1))
        negate_both(p);
    return true;
}

typedef bool relation(pair *p, base_random *r);

/* In the order of data_usual_label. */
static relation *const label_relations[DATA_USUAL_LABELS] = {entail, stay_neutral, contradict};
static relation *const score_relations[] = {paraphrase, entail,       stay_neutral, contradict,
                                            contradict, replace_some, unrelated};

/* Draws the first sentence, then the second by the relation; false when they do not fit. `flip` is
 * the chance that a choice of style differs between the two. */
static bool draw_pair(pair *p, relation *relate, synth_split split, uint64_t seed, bool scored,
                      base_random *r) {
    p->scene[0] = synth_scene_draw(r);
    p->scene[1] = p->scene[0];
    if (!relate(p, r))
        return false;
    double flip = 0.5;
    if (scored)
        flip = synth_similarity(&p->scene[0], &p->scene[1]) > 0.7 ? 0.6 : 0.3;
    p->style[0] = p->style[1] = (unsigned)base_random_below(r, 1u << SYNTH_STYLE_BITS);
    for (unsigned bit = 0; bit < SYNTH_STYLE_BITS; bit++)
        p->style[1] ^= (unsigned)chance(r, flip) << bit;
    synth_say(&p->scene[0], p->style[0], p->text[0]);
    synth_say(&p->scene[1], p->style[1], p->text[1]);
    return strcmp(p->text[0], p->text[1]) && split_of(p->text[0], seed) == split &&
           split_of(p->text[1], seed) == split;
}

static bool add_pair(const synth_file *file, size_t row, uint64_t seed, base_random *r,
                     base_bytes *out, base_bytes *sentences, base_error *error) {
    size_t kind = row % DATA_USUAL_LABELS;
    relation *relate = label_relations[kind];
    pair p;
    if (file->scored)
        relate =
            score_relations[base_random_below(r, sizeof score_relations / sizeof *score_relations)];
    while (!draw_pair(&p, relate, file->split, seed, file->scored, r))
        continue;
    if (file->scored) {
        double score = 5 * synth_similarity(&p.scene[0], &p.scene[1]);
        if (!base_bytes_format(out, error, "%.2f", round(score * 20) / 20))
            return false;
    } else if (!base_bytes_format(out, error, "%s", data_usual_label[kind])) {
        return false;
    }
    return base_bytes_format(out, error, "\t%s\t%s\n", p.text[0], p.text[1]) &&
           (file->split != SYNTH_TRAIN ||
            base_bytes_format(sentences, error, "%s\n%s\n", p.text[0], p.text[1]));
}

static bool write_file(const char *folder, const synth_file *file, uint64_t seed,
                       base_bytes *sentences, base_error *error) {
    base_random r = base_random_stream(seed, file->name);
    base_bytes text = {0};
    bool ok = base_bytes_format(&text, error, "%s\tsentence1\tsentence2\n",
                                file->scored ? "score" : "gold_label");
    for (size_t row = 0; ok && row < file->rows; row++)
        ok = add_pair(file, row, seed, &r, &text, sentences, error);
    ok = ok && base_file_write_in(folder, file->name, text.data, text.size, error);
    base_bytes_free(&text);
    return ok;
}

bool synth_write(const char *folder, uint64_t seed, base_error *error) {
    base_bytes sentences = {0};
    bool ok = base_folder_make(folder, error);
    for (size_t i = 0; ok && i < sizeof files / sizeof *files; i++)
        ok = write_file(folder, &files[i], seed, &sentences, error);
    ok = ok && base_file_write_in(folder, "sentences.txt", sentences.data, sentences.size, error);
    base_bytes_free(&sentences);
    return ok;
}
