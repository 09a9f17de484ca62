/* Little address space (ulimit -v): a command works, or says in one sentence that it cannot; it
 * always ends. */
#define _GNU_SOURCE
#include "base/memory.h"
#include "sbert.h"
#include "tests/fixture.h"
#include "tests/heap_count.h"
#include "tests/program.h"
#include "tests/tiny_model.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static void expect_an_end(const char *command, size_t kibibytes) {
    char *run =
        base_format("--version >/dev/null; ( ulimit -v %zu; timeout -k 1 20 \"$S\" %s 2>&1 )",
                    kibibytes, command);
    base_bytes out = {0};
    int code = program_run(run, &out);
    const char *message = strstr(out.data, "sbert: ");
    cr_expect(code == 0 || code == 1, "%s in %zu KiB: exit code %d, %s", command, kibibytes, code,
              out.data);
    cr_expect((code == 0) == !message, "%s: %s", command, out.data);
    cr_expect(!message || (message == out.data && strchr(message, '\n')[1] == '\0'), "%s",
              out.data);
    base_bytes_free(&out);
    free(run);
}

Test(low_memory, commands_end_with_a_result_or_one_sentence) {
    static const size_t limits[] = {60000, 100000, 150000, 250000, 400000, 1000000};
    if (!heap_count_works())
        cr_skip_test("the sanitizers need more address space than any limit leaves");
    tiny_folder("model");
    fixture_text("sentences.txt", "a cat\nthe dog sat\n");
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        expect_an_end("info $D/model", limits[i]);
        expect_an_end("encode $D/model $D/sentences.txt --out $D/v$(ulimit -v).tsv", limits[i]);
        expect_an_end("similarity $D/model 'a cat' 'the dog'", limits[i]);
    }
}

static pthread_barrier_t together;

static void *encode_together(void *encoder) {
    static const char *const texts[] = {"a cat", "the dog sat"};
    float out[2 * 12];
    pthread_barrier_wait(&together);
    for (int i = 0; i < 200; i++)
        cr_assert_eq(sbert_encode(encoder, texts, NULL, 2, out), 0, "%s",
                     sbert_encoder_error(encoder));
    return NULL;
}

/* Room for some encoders and not for all: those that are made can compute at once. */
Test(low_memory, encoders_are_made_as_far_as_there_is_room_for_their_threads, .timeout = 60) {
    enum { MOST = 8 };
    sbert_encoder *encoder[MOST];
    pthread_t thread[MOST];
    unsigned made = 0;
    if (!heap_count_works())
        cr_skip_test("the sanitizers need more address space than any limit leaves");
    struct rlimit limit = {(rlim_t)1200 << 20, (rlim_t)1200 << 20};
    cr_assert_eq(setrlimit(RLIMIT_AS, &limit), 0);
    sbert_model *model = sbert_load(tiny_folder("model"));
    cr_assert_null(sbert_error(model), "%s", sbert_error(model));
    while (made < MOST && (encoder[made] = sbert_encoder_new(model)))
        made++;
    cr_expect(made > 0 && made < MOST, "%u encoders", made);
    pthread_barrier_init(&together, NULL, made);
    for (unsigned i = 0; i < made; i++)
        cr_assert_eq(pthread_create(&thread[i], NULL, encode_together, encoder[i]), 0);
    for (unsigned i = 0; i < made; i++)
        pthread_join(thread[i], NULL);
    for (unsigned i = 0; i < made; i++)
        sbert_encoder_free(encoder[i]);
    sbert_free(model);
}
