// The loop over time, the same for every cell: a program of kernels and products is run for every step.
//
// Sequences are sorted by length, longest first; step t has counts[t] rows, from row offsets[t] on in buffers that hold all
// steps. Every thread runs the whole loop over its own rows, so that threads never wait for each other.

enum Kind {
  kConstant,   // one row for all
  kRows,       // one row a sequence
  kSteps,      // one row a sequence and step
  kBefore,     // the same, after a block of one row a sequence: the state before a step ...
  kAfter,      // ... and after it
  kEven,       // two blocks of one row a sequence, in turns: the state before a step, where none is kept ...
  kOdd,        // ... and after it
  kChunk,      // one row a thread
};

struct Functions {
  size_t (*pack_size)(int, int, int, int);
  void (*pack)(int, int, int, int, int, int, float, const float*, int, float*);
  void (*compute)(int, int, int, int, int, int, const float*, int, const float*, int, float, float*, int);
  void (*multiply)(const char*, const char*, const int*, const int*, const int*, const S*, const S*, const int*, const S*,
                   const int*, const S*, S*, const int*);
  int (*set_threads)(int);
  void (*parallel)(void (*)(void*), void*, unsigned, unsigned);
};

// operation: 0, kernel | 1, source, column, result, weight, inputs, outputs, transposed, add
static const int kOperation = 9;

struct Call {
  int64_t steps, rows, chunks, reverse;
  const int64_t *counts, *offsets, *bounds;
  int64_t buffers, operations;
  const int64_t *kinds, *widths, *program, *sizes;
  S* const* base;
  const Functions* call;
  void** packed;
  int64_t next;
};

static void multiply(const Call& c, const int64_t* op, const void* packed, int rows, S* const* q) {
  const int inputs = (int)op[5], outputs = (int)op[6], lda = (int)c.widths[op[1]], ldc = (int)c.widths[op[3]];
  const S* source = q[op[1]] + op[2];
  S* result = q[op[3]];
  const S one = 1, beta = op[8] ? S(1) : S(0);
#if SINGLE
  if (packed) {
    c.call->compute(101, 111, 151, rows, outputs, inputs, source, lda, (const float*)packed, outputs, beta, result, ldc);
    return;
  }
#endif
  const int ldw = op[7] ? inputs : outputs;
  c.call->multiply(op[7] ? "T" : "N", "N", &outputs, &rows, &inputs, &one, c.base[op[4]], &ldw, source, &lda, &beta, result,
                   &ldc);
}

static void run_chunk(const Call& c, int64_t chunk) {
  const int64_t first = c.bounds[chunk], end = c.bounds[chunk + 1];
  S** q = (S**)std::malloc(sizeof(S*) * (c.buffers + 1));
  for (int64_t i = 0; i < c.steps; ++i) {
    const int64_t t = c.reverse ? c.steps - 1 - i : i;
    const int64_t count = c.counts ? c.counts[t] : c.rows;
    const int64_t rows = (count < end ? count : end) - first;
    if (rows <= 0) {
      if (c.reverse) continue;
      break;
    }
    const int64_t here = c.counts ? c.offsets[t] : t * c.rows;
    const int64_t before = t == 0 ? 0 : c.rows + (c.counts ? c.offsets[t - 1] : (t - 1) * c.rows);
    for (int64_t b = 0; b < c.buffers; ++b) {
      int64_t row = 0;
      switch (c.kinds[b]) {
        case kConstant: row = 0; break;
        case kRows: row = first; break;
        case kSteps: row = here + first; break;
        case kBefore: row = before + first; break;
        case kAfter: row = c.rows + here + first; break;
        case kEven: row = (t & 1) * c.rows + first; break;
        case kOdd: row = ((t + 1) & 1) * c.rows + first; break;
        case kChunk: row = chunk; break;
      }
      q[b] = c.base[b] + row * c.widths[b];
    }
    for (int64_t o = 0; o < c.operations; ++o) {
      const int64_t* op = c.program + o * kOperation;
      if (op[0])
        multiply(c, op, c.packed[o], (int)rows, q);
      else
        kernels[op[1]](rows, q, c.sizes);
    }
  }
  std::free(q);
}

static void work(void* data) {
  Call& c = *(Call*)data;
  // A product of a few rows is not worth threads of its own inside of a thread.
  const int before = c.call->set_threads ? c.call->set_threads(1) : 0;
  for (int64_t chunk; (chunk = __atomic_fetch_add(&c.next, 1, __ATOMIC_RELAXED)) < c.chunks;) run_chunk(c, chunk);
  if (c.call->set_threads) c.call->set_threads(before);
}

static void* thread_work(void* data) {
  work(data);
  return nullptr;
}

extern "C" void rnnbench_run(int64_t steps, int64_t rows, int64_t chunks, int64_t reverse, const int64_t* counts,
                             const int64_t* offsets, const int64_t* bounds, const int64_t* program, const int64_t* sizes,
                             S* const* base, const Functions* call) {
  Call c = {steps, rows, chunks, reverse, counts, offsets, bounds, program[0], program[1]};
  c.kinds = program + 2;
  c.widths = c.kinds + c.buffers;
  c.program = c.widths + c.buffers;
  c.sizes = sizes;
  c.base = base;
  c.call = call;
  c.next = 0;
  c.packed = (void**)std::calloc(c.operations + 1, sizeof(void*));
#if SINGLE
  int64_t widest = 0;
  for (int64_t k = 0; k < chunks; ++k) widest = bounds[k + 1] - bounds[k] > widest ? bounds[k + 1] - bounds[k] : widest;
  for (int64_t o = 0; call->pack && o < c.operations; ++o) {
    const int64_t* op = c.program + o * kOperation;
    if (!op[0]) continue;
    const int inputs = (int)op[5], outputs = (int)op[6];
    const size_t size = call->pack_size(162, (int)widest, outputs, inputs);
    if (posix_memalign(&c.packed[o], 64, size ? size : 64)) std::abort();
    call->pack(101, 162, op[7] ? 112 : 111, (int)widest, outputs, inputs, 1.f, base[op[4]], op[7] ? inputs : outputs,
               (float*)c.packed[o]);
  }
#endif
  if (chunks == 1) {
    work(&c);
  } else if (call->parallel) {
    call->parallel(work, &c, (unsigned)chunks, 0);
  } else {
    pthread_t* threads = (pthread_t*)std::malloc(sizeof(pthread_t) * chunks);
    int64_t started = 0;
    while (started < chunks - 1 && pthread_create(&threads[started], nullptr, thread_work, &c) == 0) ++started;
    work(&c);
    for (int64_t k = 0; k < started; ++k) pthread_join(threads[k], nullptr);
    std::free(threads);
  }
  for (int64_t o = 0; o < c.operations; ++o) std::free(c.packed[o]);
  std::free(c.packed);
}
