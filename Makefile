# make            the program build/release/sbert and the library build/release/libsbert.a, .so
# make test       every test, float and double builds (under 3 minutes on 2 cores)
# make quickstart a model trained and judged on the built-in corpus (under 4 minutes on 2 cores);
#                 SEED=N draws another corpus and other weights
# make MPI=1      also the program for mpirun, build/release-mpi/sbert (setup.sh --mpi; dist/dist.h);
#                 MPICC=mpicc.mpich BUILD_MPI=DIR takes another MPI
# make install    program, libraries and sbert.h into PREFIX (/usr/local), under DESTDIR; uninstall
# make docs       the references in docs/, from the program's own tables
# make format     clang-format 14 on every file; format-check only looks
# make sanitize   the tests under AddressSanitizer and UndefinedBehaviorSanitizer
# make faults     every allocation of load, encode, training and save fails once, each on its own
# make tsan       pool and training under ThreadSanitizer
# make check-bits 200 steps (STEPS=N) with 1 to 64 threads, with every kernel level and OpenBLAS core
# make fuzz       damaged files under the sanitizers; SECONDS=N, SEED=N
# make crash-loop kills a run again and again and resumes it
# make check-mpi  training and encoding by 1 to 4 processes, with every MPI that is there
# make bench, golden, golden-families, check-tokenizer  with the Python peer: speed, golden files
#                 of each family and three more sizes of them, tokenizer (see below)
# make clean      removes build/
# make help       this list; VARIANT=double, asan, asan-double build the same under build/VARIANT

comma   := ,
VARIANT ?= release
BUILD   ?= build/$(VARIANT)$(if $(PORTABLE),-portable)
OBJ     := $(BUILD)/obj
MPICC     ?= mpicc
BUILD_MPI ?= $(BUILD)-mpi
CC      ?= cc
PKGS    := libcjson zlib libutf8proc
BLAS    ?= $(shell pkg-config --exists openblas && echo openblas || echo blas)

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wdouble-promotion -Wstrict-prototypes \
        -Wmissing-prototypes -Wvla
FLAGS_release  := -O2 -g
FLAGS_double   := -O2 -g -DREAL_DOUBLE
FLAGS_asan     := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
FLAGS_tsan     := -O1 -g -fsanitize=thread
FLAGS_asan-double := $(FLAGS_asan) -DREAL_DOUBLE
CPPFLAGS += -I. $(shell pkg-config --cflags $(PKGS) $(BLAS))
ALL_CFLAGS = -std=c11 $(WARN) $(FLAGS_$(VARIANT)) -fPIC -fvisibility=hidden -pthread -MMD -MP $(CFLAGS)
LIBS = $(shell pkg-config --libs $(PKGS) $(BLAS)) -lm -pthread

# Kernels are compiled once a level; the run-time table picks one by CPUID.
LEVELS := baseline
ifeq ($(shell uname -m)-$(PORTABLE),x86_64-)
LEVELS += avx2 avx512
else
CPPFLAGS += -DSBERT_PORTABLE
endif
LEVEL_baseline := -DKERNEL_LEVEL=baseline
LEVEL_avx2     := -DKERNEL_LEVEL=avx2 -mavx2 -mfma -DKERNEL_BYTES=32
LEVEL_avx512   := -DKERNEL_LEVEL=avx512 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mfma \
                  -mprefer-vector-width=512 -DKERNEL_BYTES=64
KERNEL_CFLAGS  := -O3 -ffp-contract=fast -fno-math-errno -fno-trapping-math -Wno-psabi
$(BUILD)/obj/autograd/kernels/level/adamw.%.o: KERNEL_CFLAGS += -ffp-contract=off

# Sources are found: a new file or folder needs no line here. Every folder at the top that is not
# named in APART goes into internal.a, which the program, the tests, the bench and (as far as
# sbert.h needs it) the library take their parts from.
APART          := api cli tests bench docs
KERNEL_SOURCES := $(wildcard autograd/kernels/level/*.c)
FOLDERS        := $(filter-out $(APART),$(sort $(patsubst %/,%,$(dir $(wildcard */*.c)))))
MPI_SOURCES    := dist/mpi.c
SOURCES        := $(filter-out $(KERNEL_SOURCES) $(MPI_SOURCES),$(sort $(shell find $(FOLDERS) -name '*.c')))
OBJECTS        := $(SOURCES:%.c=$(OBJ)/%.o) \
                  $(foreach l,$(LEVELS),$(KERNEL_SOURCES:%.c=$(OBJ)/%.$(l).o))
API_OBJECTS    := $(patsubst %.c,$(OBJ)/%.o,$(wildcard api/*.c))
CLI_OBJECTS    := $(patsubst %.c,$(OBJ)/%.o,$(wildcard cli/*.c))
INTERNAL       := $(OBJ)/internal.a

.PHONY: all test check-mpi golden golden-families check-bits check-tokenizer crash-loop fuzz bench quickstart help install uninstall docs sanitize tsan faults clean format \
        format-check
all: $(BUILD)/sbert $(BUILD)/libsbert.a $(BUILD)/libsbert.so $(if $(MPI),$(BUILD_MPI)/sbert)

$(BUILD)/sbert: $(CLI_OBJECTS) $(INTERNAL)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

# The same program over MPI: dist/mpi.c takes the place of dist/alone.c, all else is shared.
$(BUILD_MPI)/sbert: $(CLI_OBJECTS) $(BUILD_MPI)/mpi.o $(INTERNAL)
	$(MPICC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)
$(BUILD_MPI)/mpi.o: $(MPI_SOURCES)
	@mkdir -p $(@D)
	$(MPICC) $(CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

$(INTERNAL): $(OBJECTS)
	@rm -f $@
	ar rcs $@ $^

# ---- the library: what sbert.h needs, with no name in sight but sbert_... ----
VERSION := $(shell sed -n 's/.*BASE_VERSION "\(.*\)"/\1/p' base/version.h)
SONAME  := libsbert.so.$(firstword $(subst ., ,$(VERSION)))

# One object, so that names that its parts share can be made local to it.
$(BUILD)/libsbert.a: $(API_OBJECTS) $(INTERNAL)
	@rm -f $@
	$(CC) $(filter-out -pthread,$(ALL_CFLAGS)) -r -nostdlib -o $(OBJ)/sbert.o $^
	objcopy --localize-hidden $(OBJ)/sbert.o
	ar rcs $@ $(OBJ)/sbert.o

$(BUILD)/libsbert.so.$(VERSION): $(API_OBJECTS) $(INTERNAL)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -shared -Wl,-soname,$(SONAME) -o $@ $^ $(LIBS)
$(BUILD)/libsbert.so: $(BUILD)/libsbert.so.$(VERSION)
	ln -sf $(<F) $(BUILD)/$(SONAME)
	ln -sf $(SONAME) $@

$(BUILD)/example: docs/example.c sbert.h $(BUILD)/libsbert.so
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $< -L$(BUILD) -lsbert '-Wl,-rpath,$$ORIGIN'

define level_rule
$(OBJ)/%.$(1).o: %.c
	@mkdir -p $$(@D)
	$$(CC) $$(CPPFLAGS) $$(ALL_CFLAGS) $$(KERNEL_CFLAGS) $$(LEVEL_$(1)) -c -o $$@ $$<
endef
$(foreach l,$(LEVELS),$(eval $(call level_rule,$(l))))

$(OBJ)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

# ---- tests: tests/unit on the float build, tests/judge on the double build ----
SUITE_release := unit
SUITE_asan    := unit
SUITE_double  := judge
SUITE_asan-double := judge
TEST_SOURCES = $(wildcard tests/*.c tests/$(SUITE_$(VARIANT))/*.c)
# Allocations of ours that tests/heap_count.c lets fail; tests/fixture.c does without fsync.
WRAP := $(patsubst %,-Wl$(comma)--wrap=%,malloc calloc realloc mmap inflateInit2_ fsync)
$(BUILD)/tests: $(TEST_SOURCES:%.c=$(OBJ)/%.o) $(API_OBJECTS) $(INTERNAL) \
                  | $(BUILD)/example $(BUILD)/libsbert.a
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) $(WRAP) $(shell pkg-config --libs criterion)

test:
	sh tests/run.sh

# ---- several processes (scripts/check_mpi.sh) ----
check-mpi: $(BUILD)/sbert
	sh scripts/check_mpi.sh

# ---- the golden files of a real model, and all of them again (tests/golden/make_golden.py) ----
GOLDEN := tests/golden/make_golden.py
build/golden/minilm/golden.safetensors: $(GOLDEN)
	$(PEER) $(GOLDEN) minilm $(SBERT_MINILM) $(@D)
golden: build/golden/minilm/golden.safetensors
	for size in tiny odd distil roberta xlmr mpnet albert modern multi; do $(PEER) $(GOLDEN) $$size || exit 1; done

# ---- three more sizes of every family of encoders, made and compared: make golden-families PEER= ----
golden-families: $(BUILD)/tests
	$(MAKE) VARIANT=double build/double/tests
	$(PEER) $(GOLDEN) families . build/golden/families
	for t in build/double $(BUILD); do SBERT_GOLDEN=build/golden/families $$t/tests --filter 'golden*/*' || exit 1; done

# ---- the runs of tests/unit/test_same_bits.c and test_gemm.c, long ----
check-bits: $(BUILD)/sbert $(BUILD)/tests
	SBERT=$(BUILD)/sbert SBERT_BITS_STEPS=$(or $(STEPS),200) $(BUILD)/tests --filter '@(same_bits|gemm)/*' -j2

# ---- damaged files under the sanitizers: make fuzz [SECONDS=60] [SEED=1] (scripts/fuzz.sh) ----
$(BUILD)/fuzz: $(OBJ)/tests/fuzz/fuzz.o $(INTERNAL)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)
fuzz:
	sh scripts/fuzz.sh $(or $(SECONDS),60) $(SEED)

# ---- a run that is killed and resumed (scripts/crash_loop.sh) ----
crash-loop: $(BUILD)/sbert
	sh scripts/crash_loop.sh

# ---- tokens beside the tokenizers package: make check-tokenizer PEER=dir/bin/python ----
check-tokenizer: $(BUILD)/sbert
	$(PEER) scripts/check_tokenizer.py --sbert $(BUILD)/sbert

# ---- speed beside the peer: make bench [PEER=dir/bin/python] (bench/bench.h) ----
$(BUILD)/bench: $(patsubst %.c,$(OBJ)/%.o,$(wildcard bench/*.c)) $(INTERNAL)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)
bench: $(BUILD)/sbert $(BUILD)/bench
	$(BUILD)/bench

format:
	clang-format-14 -i $(shell git ls-files '*.c' '*.h')
format-check:
	clang-format-14 --dry-run --Werror $(shell git ls-files '*.c' '*.h')

help:
	@sed -n 's/^# //p; /^$$/q' Makefile

# ---- the first look: a model from nothing ----
quickstart: all
	sh scripts/quickstart.sh $(SEED)

# ---- make install, make uninstall [PREFIX=/usr/local] [LIBDIR=PREFIX/lib] [DESTDIR=] ----
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
TO     := $(DESTDIR)$(PREFIX)
TO_LIB := $(DESTDIR)$(LIBDIR)
INSTALLED = $(TO)/bin/sbert $(TO)/include/sbert.h $(TO_LIB)/pkgconfig/sbert.pc \
            $(addprefix $(TO_LIB)/,libsbert.a libsbert.so $(SONAME) libsbert.so.$(VERSION))

define PKG_CONFIG
prefix=$(PREFIX)
libdir=$(LIBDIR)
includedir=$${prefix}/include

Name: sbert
Description: Sentence embeddings by BERT encoders
Version: $(VERSION)
Cflags: -I$${includedir}
Libs: -L$${libdir} -lsbert
Libs.private: $(LIBS)
endef
export PKG_CONFIG

install: all
	install -d $(sort $(dir $(INSTALLED)))
	install $(BUILD)/sbert $(TO)/bin
	install -m 644 sbert.h $(TO)/include
	install -m 644 $(BUILD)/libsbert.a $(TO_LIB)
	install $(BUILD)/libsbert.so.$(VERSION) $(TO_LIB)
	ln -sf libsbert.so.$(VERSION) $(TO_LIB)/$(SONAME)
	ln -sf $(SONAME) $(TO_LIB)/libsbert.so
	echo "$$PKG_CONFIG" >$(TO_LIB)/pkgconfig/sbert.pc
	$(if $(DESTDIR),,-ldconfig)

uninstall:
	rm -f $(INSTALLED)
	$(if $(DESTDIR),,-ldconfig)

docs: $(BUILD)/sbert
	$(BUILD)/sbert help --reference commands > docs/commands.md
	$(BUILD)/sbert help --reference config > docs/config.md

sanitize:
	sh tests/run.sh asan-double asan

# ---- every allocation fails once (tests/unit/test_faults.c) ----
faults:
	SBERT_FAULTS=all FILTER='faults/*' sh tests/run.sh release asan

# ---- data races: the pool, several encoders on one model, training ----
$(BUILD)/races: $(OBJ)/tests/races/races.o $(API_OBJECTS) $(INTERNAL)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)
tsan:
	$(MAKE) VARIANT=tsan build/tsan/sbert build/tsan/races
	sh scripts/races.sh

clean:
	rm -rf build

-include $(shell find $(BUILD) $(BUILD_MPI) -name '*.d' 2>/dev/null)
