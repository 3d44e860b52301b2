// The loop over time, the same for every cell: a program of kernels and products is run for every step.
//
// Sequences are sorted by length, longest first; step t has counts[t] rows, from row offsets[t] on in buffers that
// hold all steps. Every thread runs the whole loop over its own rows, so that threads never wait for each other.

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

// operation: 0, kernel | 1, source, column, result, weight, inputs, outputs, transposed, add
static const int kOperation = 9;

struct Call {
  int64_t steps, rows, chunks, reverse;
  const int64_t *counts, *offsets, *bounds;
  int64_t buffers, operations;
  const int64_t *kinds, *widths, *program, *sizes;
  const Kernel* kernels;
  S* const* base;
  S** packed;
  int64_t next;
  int failed;
};

static void multiply(const Call& c, const int64_t* op, const S* packed, int64_t rows, S* const* q) {
  product(rows, op[6], op[5], q[op[1]] + op[2], c.widths[op[1]], 1, packed, q[op[3]], c.widths[op[3]], op[8] != 0);
}

// False where there is no memory.
static bool run_chunk(const Call& c, int64_t chunk) {
  const int64_t first = c.bounds[chunk], end = c.bounds[chunk + 1];
  S** q = (S**)std::malloc(sizeof(S*) * (c.buffers + 1));
  if (!q) return false;
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
        multiply(c, op, c.packed[o], rows, q);
      else
        c.kernels[op[1]](rows, q, c.sizes);
    }
  }
  std::free(q);
  return true;
}

static void work(void* data) {
  Call& c = *(Call*)data;
  for (int64_t chunk; (chunk = __atomic_fetch_add(&c.next, 1, __ATOMIC_RELAXED)) < c.chunks;)
    if (!run_chunk(c, chunk)) __atomic_store_n(&c.failed, 1, __ATOMIC_RELAXED);
}

// Returns 1 where there is no memory for weights in their order of reading, and 0 else.
extern "C" int rnnbench_run(int64_t steps, int64_t rows, int64_t chunks, int64_t reverse, const int64_t* counts,
                            const int64_t* offsets, const int64_t* bounds, const int64_t* program,
                            const int64_t* sizes, const Kernel* kernels, S* const* base, Parallel parallel) {
  Call c = {steps, rows, chunks, reverse, counts, offsets, bounds, program[0], program[1]};
  c.kinds = program + 2;
  c.widths = c.kinds + c.buffers;
  c.program = c.widths + c.buffers;
  c.sizes = sizes;
  c.kernels = kernels;
  c.base = base;
  c.next = c.failed = 0;
  c.packed = (S**)std::calloc(c.operations + 1, sizeof(S*));
  if (!c.packed) return 1;
  for (int64_t o = 0; o < c.operations && !c.failed; ++o) {
    const int64_t* op = c.program + o * kOperation;
    if (!op[0]) continue;
    c.packed[o] = aligned(packed_size(op[5], op[6]));
    if (c.packed[o])
      pack(op[5], op[6], base[op[4]], op[7] ? op[5] : op[6], op[7] != 0, c.packed[o]);
    else
      c.failed = 1;
  }
  if (!c.failed) run_parallel(work, &c, chunks, parallel);
  for (int64_t o = 0; o < c.operations; ++o) std::free(c.packed[o]);
  std::free(c.packed);
  return c.failed;
}
