/* UTF-8 against Unicode's own examples and against every code point. */
#include "base/utf8.h"

#include <criterion/criterion.h>
#include <string.h>

/* Expected values: bytes.decode("utf-8", errors="replace") of Python 3, counted in U+FFFD. */
static const struct {
    const char *bytes;
    size_t size, replaced;
    const char *clean;
} cases[] = {
    {"a\xf1\x80\x80\xe1\x80\xc2"
     "b\x80"
     "c\x80\xbf"
     "d",
     13, 6,
     "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
     "b\xef\xbf\xbd"
     "c\xef\xbf\xbd\xef\xbf\xbd"
     "d"}, /* Unicode 15, table 3-8 */
    {"\xc0\xaf", 2, 2, "\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xe0\x80\xbf", 3, 3, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xed\xa0\x80", 3, 3, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xf4\x91\x92\x93", 4, 4, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xff", 1, 1, "\xef\xbf\xbd"},
    {"\xe2\x82", 2, 1, "\xef\xbf\xbd"},
    {"\xf0\x9f\x98", 3, 1, "\xef\xbf\xbd"},
    {"a\0b", 3, 0, "a\0b"},
    {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9, 0, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
    {"", 0, 0, ""},
};

Test(utf8, ill_formed_parts_are_replaced_as_python_does) {
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        base_error error = {0};
        base_bytes out = {0};
        size_t replaced, size = cases[i].replaced ? strlen(cases[i].clean) : cases[i].size;
        cr_assert(base_utf8_clean(cases[i].bytes, cases[i].size, &out, &replaced, &error));
        cr_expect_eq(replaced, cases[i].replaced, "case %zu: %zu", i, replaced);
        cr_expect_eq(out.size, size);
        cr_expect_arr_eq(out.data, cases[i].clean, size);
        cr_expect_eq(base_utf8_invalid(out.data, out.size), out.size);
        base_bytes_free(&out);
    }
    cr_expect_eq(base_utf8_invalid("ab\xff", 3), 2);
}

Test(utf8, every_scalar_value_goes_round) {
    for (uint32_t c = 0; c <= 0x10ffff; c++) {
        char bytes[4];
        uint32_t back;
        bool valid;
        if (c >= 0xd800 && c <= 0xdfff)
            continue;
        size_t n = base_utf8_encode(c, bytes);
        cr_assert_eq(base_utf8_decode(bytes, n, &back, &valid), n);
        cr_assert(valid && back == c);
        for (size_t cut = 1; cut < n; cut++)
            cr_assert(base_utf8_decode(bytes, cut, &back, &valid) == cut && !valid &&
                      back == 0xfffd);
    }
}
