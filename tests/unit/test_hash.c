#include "base/hash.h"

#include <criterion/criterion.h>

Test(hash, bytes_have_the_hashes_of_the_standard) {
    cr_expect_eq(base_hash_bytes("", 0), UINT64_C(0xcbf29ce484222325));
    cr_expect_eq(base_hash_bytes("a", 1), UINT64_C(0xaf63dc4c8601ec8c));
    cr_expect_eq(base_hash_bytes("foobar", 6), UINT64_C(0x85944171f73967e8));
}

Test(hash, every_number_is_found_under_its_hash_also_among_collisions) {
    enum { NUMBERS = 5000, HASHES = 100 };
    base_error error = {0};
    base_hash table = {0};
    size_t tried = 0;
    cr_expect_eq(base_hash_next(&table, 1, &tried), BASE_HASH_NONE);
    for (size_t i = 0; i < NUMBERS; i++)
        cr_assert(base_hash_add(&table, i % HASHES * BASE_HASH_START, &error));
    for (size_t hash = 0; hash < HASHES; hash++) {
        size_t seen = 0;
        tried = 0;
        for (uint32_t n;
             (n = base_hash_next(&table, hash * BASE_HASH_START, &tried)) != BASE_HASH_NONE; seen++)
            cr_assert_eq(n % HASHES, hash);
        cr_expect_eq(seen, NUMBERS / HASHES);
    }
    cr_expect_not(base_hash_reserve(&table, BASE_HASH_NONE, &error));
    base_hash_free(&table);
}
