// Matrix products: C (m, n) = or += A (m, k) B (k, n), rows of C contiguous.
//
// B is packed into panels of kWidth columns, padded with zeros, so that the inner loop reads it in order. A tile of
// kHeight x kWidth elements of C stays in registers over a block of k. Every element of C is summed in the same order
// whatever the number of rows, so that a sequence's results do not depend on its batch.
#if defined(__AVX512F__)
enum { kBytes = 64, kVectors = 2, kHeight = 12 };
#elif defined(__AVX__)
enum { kBytes = 32, kVectors = 2, kHeight = 6 };
#else
enum { kBytes = 16, kVectors = 2, kHeight = 6 };
#endif

typedef S Vector __attribute__((vector_size(kBytes), aligned(sizeof(S)), may_alias));
enum { kLanes = kBytes / sizeof(S), kWidth = kLanes * kVectors, kDepth = 320, kBlock = 120, kColumns = 384 };

// Blocks of about the same size: a short last one would cost as much traffic as a whole one.
static inline int64_t block_size(int64_t whole, int64_t most, int64_t unit) {
  const int64_t blocks = (whole + most - 1) / most;
  const int64_t size = blocks ? (whole + blocks - 1) / blocks : 1;
  return (size + unit - 1) / unit * unit;
}

static inline int64_t packed_size(int64_t k, int64_t n) { return (n + kWidth - 1) / kWidth * kWidth * k; }

// B, or its transpose stored as (n, k), in panels; panel j has k rows of kWidth columns.
static void pack(int64_t k, int64_t n, const S* b, int64_t ldb, bool transposed, S* packed) {
  if (n % kWidth) std::memset(packed + n / kWidth * kWidth * k, 0, sizeof(S) * k * kWidth);
  if (transposed) {
    for (int64_t j = 0; j < n; ++j) {
      S* column = packed + j / kWidth * kWidth * k + j % kWidth;
      for (int64_t p = 0; p < k; ++p) column[p * kWidth] = b[j * ldb + p];
    }
    return;
  }
  for (int64_t p = 0; p < k; ++p, b += ldb) {
    int64_t j = 0;
    for (; j + kWidth <= n; j += kWidth) std::memcpy(packed + j * k + p * kWidth, b + j, sizeof(S) * kWidth);
    if (j < n) std::memcpy(packed + j * k + p * kWidth, b + j, sizeof(S) * (n - j));
  }
}

// One tile; element (i, p) of A stands at a[i * row_step + p * step].
template <int M>
static inline void tile(int64_t k, const S* a, int64_t row_step, int64_t step, const S* b, S* c, int64_t ldc,
                        int64_t width, bool add) {
  Vector sum[M][kVectors];
  for (int i = 0; i < M; ++i)
    for (int v = 0; v < kVectors; ++v) sum[i][v] = Vector{};
  for (int64_t p = 0; p < k; ++p) {
    Vector right[kVectors];
    for (int v = 0; v < kVectors; ++v) right[v] = *(const Vector*)(b + p * kWidth + v * kLanes);
    for (int i = 0; i < M; ++i) {
      const S left = a[i * row_step + p * step];
      for (int v = 0; v < kVectors; ++v) sum[i][v] += left * right[v];
    }
  }
  for (int i = 0; i < M; ++i) {
    S* row = c + i * ldc;
    if (width == kWidth) {
      for (int v = 0; v < kVectors; ++v) {
        Vector* place = (Vector*)(row + v * kLanes);
        *place = add ? *place + sum[i][v] : sum[i][v];
      }
    } else {
      const S* values = (const S*)sum[i];
      for (int64_t j = 0; j < width; ++j) row[j] = add ? row[j] + values[j] : values[j];
    }
  }
}

template <int M>
static inline void tail(int m, int64_t k, const S* a, int64_t row_step, int64_t step, const S* b, S* c, int64_t ldc,
                        int64_t width, bool add) {
  if (m == M)
    tile<M>(k, a, row_step, step, b, c, ldc, width, add);
  else
    tail<M - 1>(m, k, a, row_step, step, b, c, ldc, width, add);
}

template <>
inline void tail<0>(int, int64_t, const S*, int64_t, int64_t, const S*, S*, int64_t, int64_t, bool) {}

// A product with a packed B.
static void product(int64_t m, int64_t n, int64_t k, const S* a, int64_t row_step, int64_t step, const S* packed, S* c,
                    int64_t ldc, bool add) {
  const int64_t most = block_size(k, kDepth, 1);
  for (int64_t p = 0; p < k; p += most) {
    const int64_t depth = k - p < most ? k - p : most;
    for (int64_t j = 0; j < n; j += kWidth) {
      const int64_t width = n - j < kWidth ? n - j : kWidth;
      const S* panel = packed + j * k + p * kWidth;
      for (int64_t i = 0, left = (m + kHeight - 1) / kHeight; left; --left) {
        const int64_t height = (m - i + left - 1) / left;
        tail<kHeight>((int)height, depth, a + i * row_step + p * step, row_step, step, panel, c + i * ldc + j, ldc,
                      width, add || p);
        i += height;
      }
    }
  }
}

struct Large {
  int64_t m, n, k, lda, ldb, ldc, chunks, next;
  const S *a, *b, *bias;
  S *c, *sums;
  bool a_transposed, b_transposed;
  int failed;
};

// Null where there is no memory.
static S* aligned(int64_t elements) {
  void* found;
  if (posix_memalign(&found, 64, sizeof(S) * (size_t)(elements + kWidth))) return nullptr;
  return (S*)found;
}

// Memory that a thread keeps from one product to the next: fresh memory costs more than what is done in it.
struct Scratch {
  S* data = nullptr;
  int64_t size = 0;
  ~Scratch() { std::free(data); }
  S* get(int64_t elements) {
    if (elements > size) {
      std::free(data);
      data = aligned(elements);
      size = data ? elements : 0;
    }
    return data;
  }
};

static thread_local Scratch left_scratch, right_scratch;

// Columns of a transposed A in panels of kHeight rows of A, so that they lie in the order in which they are read.
static void pack_rows(int64_t depth, int64_t rows, const S* a, int64_t lda, S* block) {
  for (int64_t q = 0; q < depth; ++q, a += lda) {
    // Every row of A lies on another page of memory, where no processor looks ahead by itself.
    for (int64_t r = 0; r < rows; r += 64 / sizeof(S)) __builtin_prefetch(a + 16 * lda + r);
    int64_t r = 0;
    for (; r + kHeight <= rows; r += kHeight) std::memcpy(block + r * kDepth + q * kHeight, a + r, sizeof(S) * kHeight);
    if (r < rows) std::memcpy(block + r * kDepth + q * kHeight, a + r, sizeof(S) * (rows - r));
  }
}

// Adds up rows of a transposed A while they are at hand.
static void add_rows(int64_t depth, int64_t rows, const S* a, int64_t lda, S* sums) {
  for (int64_t q = 0; q < depth; ++q, a += lda) {
#pragma omp simd
    for (int64_t r = 0; r < rows; ++r) sums[r] += a[r];
  }
}

// Some rows of a large product: blocks of B that fit the second level of the cache, each with all rows. False where
// there is no memory.
static bool large_rows(const Large& l, int64_t first, int64_t end) {
  const int64_t most = block_size(l.k, kDepth, 1), widest = block_size(l.n, kColumns, kWidth);
  S* left_block = l.a_transposed ? left_scratch.get((kBlock + kHeight) * kDepth) : nullptr;
  S* right_block = right_scratch.get(packed_size(most, widest));
  if (!right_block || (l.a_transposed && !left_block)) return false;
  for (int64_t j0 = 0; j0 < l.n; j0 += widest) {
    const int64_t columns = l.n - j0 < widest ? l.n - j0 : widest;
    for (int64_t p = 0; p < l.k; p += most) {
      const int64_t depth = l.k - p < most ? l.k - p : most;
      const S* b = l.b_transposed ? l.b + j0 * l.ldb + p : l.b + p * l.ldb + j0;
      pack(depth, columns, b, l.ldb, l.b_transposed, right_block);
      for (int64_t i = first; i < end; i += kBlock) {
        const int64_t rows = end - i < kBlock ? end - i : kBlock;
        if (left_block) pack_rows(depth, rows, l.a + p * l.lda + i, l.lda, left_block);
        if (l.sums && j0 == 0) add_rows(depth, rows, l.a + p * l.lda + i, l.lda, l.sums + i);
        for (int64_t j = 0; j < columns; j += kWidth) {
          const int64_t width = columns - j < kWidth ? columns - j : kWidth;
          const S* right = right_block + j * depth;
          for (int64_t r = 0; r < rows; r += kHeight) {
            const S* left = left_block ? left_block + r * kDepth : l.a + (i + r) * l.lda + p;
            const int64_t row_step = left_block ? 1 : l.lda, step = left_block ? kHeight : 1;
            const int64_t height = rows - r < kHeight ? rows - r : kHeight;
            S* c = l.c + (i + r) * l.ldc + j0 + j;
            if (l.bias && p == 0)
              for (int64_t s = 0; s < height; ++s) std::memcpy(c + s * l.ldc, l.bias + j0 + j, sizeof(S) * width);
            const bool add = l.bias || p;
            if (height == kHeight)
              tile<kHeight>(depth, left, row_step, step, right, c, l.ldc, width, add);
            else
              tail<kHeight - 1>((int)height, depth, left, row_step, step, right, c, l.ldc, width, add);
          }
        }
      }
    }
  }
  return true;
}

static void large_work(void* data) {
  Large& l = *(Large*)data;
  for (int64_t chunk; (chunk = __atomic_fetch_add(&l.next, 1, __ATOMIC_RELAXED)) < l.chunks;)
    if (!large_rows(l, l.m * chunk / l.chunks, l.m * (chunk + 1) / l.chunks))
      __atomic_store_n(&l.failed, 1, __ATOMIC_RELAXED);
}

// A product of any size: A is (m, k), or stored as (k, m); B is (k, n), or stored as (n, k). A bias (n) is added to
// every row; the sums (m) over k of a transposed A are added to `sums`. Either may be null. Returns 1 where there is no
// memory for blocks, and 0 else.
extern "C" int rnnbench_product(int64_t m, int64_t n, int64_t k, const S* a, int64_t lda, int64_t a_transposed,
                                const S* b, int64_t ldb, int64_t b_transposed, const S* bias, S* c, int64_t ldc,
                                S* sums, int64_t chunks, Parallel parallel) {
  Large l = {m, n, k, lda, ldb, ldc, chunks, 0, a, b, bias, c, sums, a_transposed != 0, b_transposed != 0, 0};
  run_parallel(large_work, &l, chunks, parallel);
  return l.failed;
}
