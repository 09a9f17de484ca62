/* The built-in corpus: deterministic, disjoint, balanced, its labels and scores as its scenes say.
 */
#include "base/file.h"
#include "data/reader.h"
#include "data/text_table.h"
#include "synth/lexicon.h"
#include "synth/sentence.h"
#include "synth/synth.h"
#include "tests/fixture.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static const char *const files[] = {"nli-train.tsv", "nli-dev.tsv", "nli-test.tsv",
                                    "sts-train.tsv", "sts-dev.tsv", "sts-test.tsv"};

static data_corpus *corpus_of(const char *folder, const char *name) {
    base_error error = {0};
    data_reader_options options = {.kind = name[0] == 'n' ? DATA_TARGET_CLASS : DATA_TARGET_SCORE};
    char *path = base_path(folder, name, &error);
    data_corpus *corpus = data_read(path, &options, &error);
    cr_assert_not_null(corpus, "%s", error.text);
    free(path);
    return corpus;
}

static uint32_t crc_of(const char *folder, const char *name) {
    base_error error = {0};
    uint32_t crc;
    char *path = base_path(folder, name, &error);
    cr_assert(base_file_crc32(path, &crc, &error));
    free(path);
    return crc;
}

Test(synth, files_depend_on_the_seed_alone) {
    base_error error = {0};
    cr_assert(synth_write(fixture_path("a"), 1, &error), "%s", error.text);
    cr_assert(synth_write(fixture_path("b"), 1, &error));
    cr_assert(synth_write(fixture_path("c"), 2, &error));
    for (size_t i = 0; i < 6; i++) {
        cr_expect_eq(crc_of(fixture_path("a"), files[i]), crc_of(fixture_path("b"), files[i]));
        cr_expect_neq(crc_of(fixture_path("a"), files[i]), crc_of(fixture_path("c"), files[i]));
    }
}

/* Puts every sentence into the table and notes its split (1 train, 2 dev, 4 test) in *seen. */
static void note(data_text_table *table, unsigned char *seen, const data_corpus *corpus,
                 unsigned split) {
    for (size_t i = 0; i < data_corpus_rows(corpus); i++) {
        data_row row;
        data_corpus_row(corpus, i, &row);
        uint32_t a = data_text_table_add(table, row.text[0]);
        uint32_t b = data_text_table_add(table, row.text[1]);
        cr_assert_neq(a, b, "a pair of equal sentences");
        seen[a] = (unsigned char)(seen[a] | split);
        seen[b] = (unsigned char)(seen[b] | split);
    }
}

Test(synth, train_dev_and_test_share_no_sentence_and_labels_are_balanced) {
    base_error error = {0};
    const char *folder = fixture_path("corpus");
    cr_assert(synth_write(folder, 7, &error));
    data_text_table *table = data_text_table_new(200000, &error);
    unsigned char *seen = calloc(200000, 1);
    data_corpus *corpus[6];
    for (size_t i = 0; i < 6; i++) {
        size_t labels[3] = {0};
        corpus[i] = corpus_of(folder, files[i]);
        note(table, seen, corpus[i], 1u << i % 3);
        for (size_t row = 0; i < 3 && row < data_corpus_rows(corpus[i]); row++) {
            data_row r;
            data_corpus_row(corpus[i], row, &r);
            labels[r.label]++;
        }
        cr_expect_eq(labels[0], labels[1]);
        cr_expect_eq(labels[0], labels[2]);
    }
    for (size_t i = 0; i < data_text_table_count(table); i++)
        cr_assert(seen[i] == 1 || seen[i] == 2 || seen[i] == 4, "%.*s",
                  (int)data_text_table_get(table, (uint32_t)i).size,
                  data_text_table_get(table, (uint32_t)i).bytes);
    for (size_t i = 0; i < 6; i++)
        data_corpus_free(corpus[i]);
    data_text_table_free(table);
    free(seen);
}

static unsigned find(const synth_list *list, const char *word) {
    for (unsigned i = 1; i < list->count; i++)
        if (!strcmp(list->concept[i].word[0], word))
            return i;
    cr_assert_fail("no word %s", word);
    return 0;
}

static synth_scene scene_of(const char *agent, const char *verb, const char *patient) {
    synth_scene s = {{0}, false, false};
    s.slot[SYNTH_AGENT] = (unsigned char)find(&synth_nouns, agent);
    s.slot[SYNTH_VERB] = (unsigned char)find(&synth_verbs, verb);
    s.slot[SYNTH_PATIENT] = (unsigned char)find(&synth_nouns, patient);
    return s;
}

Test(synth, one_scene_is_said_in_many_ways) {
    static const struct {
        synth_style style;
        bool negated, every;
        const char *text;
    } ways[] = {
        {0, false, false, "A boy pushed an adult."},
        {1 << SYNTH_AGENT | 1 << SYNTH_VERB, false, false, "A lad shoved an adult."},
        {1 << SYNTH_PASSIVE, false, false, "An adult was pushed by a boy."},
        {1 << SYNTH_PATIENT_THE, false, true, "Every boy pushed the adult."},
        {0, true, false, "A boy never pushed an adult."},
        {1 << SYNTH_NO, true, false, "No boy pushed an adult."},
        {1 << SYNTH_NO | 1 << SYNTH_PASSIVE, true, false, "An adult was never pushed by a boy."},
    };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        synth_scene scene = scene_of("boy", "pushed", "adult");
        char text[SYNTH_SENTENCE];
        scene.negated = ways[i].negated;
        scene.every = ways[i].every;
        synth_say(&scene, ways[i].style, text);
        cr_expect_str_eq(text, ways[i].text);
    }
    synth_scene placed = scene_of("boy", "pushed", "adult");
    placed.slot[SYNTH_PLACE] = (unsigned char)find(&synth_places, "in the park");
    placed.slot[SYNTH_AGENT_ADJECTIVE] = (unsigned char)find(&synth_adjectives, "angry");
    char text[SYNTH_SENTENCE];
    synth_say(&placed, 1 << SYNTH_PLACE_FIRST, text);
    cr_expect_str_eq(text, "In the park an angry boy pushed an adult.");
}

Test(synth, similarity_ranks_scenes_by_meaning) {
    synth_scene base = scene_of("boy", "pushed", "woman"), negated = base;
    negated.negated = true;
    const synth_scene falling[] = {base,
                                   scene_of("child", "pushed", "woman"),
                                   scene_of("child", "touched", "adult"),
                                   scene_of("girl", "pushed", "woman"),
                                   scene_of("boy", "pulled", "woman"),
                                   negated,
                                   scene_of("woman", "pushed", "boy"),
                                   scene_of("dog", "loved", "man")};
    cr_expect_float_eq(synth_similarity(&base, &base), 1, 1e-12);
    for (size_t i = 1; i < sizeof falling / sizeof *falling; i++) {
        double closer = synth_similarity(&base, &falling[i - 1]);
        double farther = synth_similarity(&base, &falling[i]);
        cr_expect_lt(farther, closer, "%zu: %g, %g", i, closer, farther);
        cr_expect_float_eq(farther, synth_similarity(&falling[i], &base), 1e-12);
    }
}

/* Follows from: every concept the same or more general, details the same or gone. */
static bool follows(const synth_scene *from, const synth_scene *what) {
    static const synth_list *const lists[] = {&synth_nouns, &synth_adjectives, &synth_verbs,
                                              &synth_nouns, &synth_adjectives, &synth_places};
    for (size_t i = 0; i < SYNTH_SLOTS; i++)
        if (what->slot[i] != SYNTH_NONE && synth_above(lists[i], from->slot[i], what->slot[i]) < 0)
            return false;
    return from->every || !what->every;
}

Test(synth, changes_do_what_their_names_say) {
    base_random random = base_random_stream(3, "changes");
    size_t made[3] = {0};
    for (int i = 0; i < 20000; i++) {
        synth_scene scene = synth_scene_draw(&random), more = scene, less = scene, not = scene;
        if (synth_generalise(&less, &random) && ++made[0])
            cr_assert(follows(&scene, &less) && !follows(&less, &scene));
        if (synth_specialise(&more, &random) && ++made[1])
            cr_assert(!follows(&scene, &more));
        if (synth_contradict(&not, &random) && ++made[2]) {
            cr_assert(not .negated || (!follows(&scene, &not ) && !follows(&not, &scene)));
            cr_assert_lt(synth_similarity(&scene, &not ), 0.61);
        }
    }
    for (int i = 0; i < 3; i++)
        cr_expect_gt(made[i], 5000);
}

Test(synth, sentences_are_short_and_fit_their_buffer) {
    base_random random = base_random_stream(4, "sentences");
    for (int i = 0; i < 20000; i++) {
        synth_scene scene = synth_scene_draw(&random);
        char text[SYNTH_SENTENCE];
        size_t words = 1;
        synth_say(&scene, (synth_style)base_random_next(&random), text);
        for (const char *at = text; *at; at++)
            words += *at == ' ';
        cr_assert(words >= 5 && words <= 13, "%s", text);
        cr_assert(text[0] >= 'A' && text[0] <= 'Z' && text[strlen(text) - 1] == '.', "%s", text);
        cr_assert_lt(strlen(text), SYNTH_SENTENCE - 20, "%s", text);
    }
}

Test(synth, lexicon_is_sound) {
    const synth_list *const lists[] = {&synth_nouns, &synth_verbs, &synth_adjectives,
                                       &synth_places};
    for (size_t l = 0; l < 4; l++)
        for (unsigned i = 1; i < lists[l]->count; i++) {
            const synth_concept *c = &lists[l]->concept[i];
            cr_expect(c->opposite == SYNTH_NONE || lists[l]->concept[c->opposite].opposite == i);
            cr_expect(c->parent == SYNTH_NONE || lists[l]->concept[c->parent].about == c->about);
            for (unsigned j = 1; j < i; j++)
                for (int k = 0; k < 4; k++)
                    cr_expect_str_neq(c->word[k / 2], lists[l]->concept[j].word[k % 2]);
        }
}

Test(synth, a_folder_that_cannot_be_made_is_an_error) {
    base_error error = {0};
    const char *file = fixture_text("file", "x");
    cr_expect_not(synth_write(file, 1, &error));
    cr_expect_eq(error.status, BASE_BAD_INPUT);
}
