// Matrix products: C (m, n) = or += A (m, k) B (k, n), rows of C contiguous.
//
// B is packed into panels of kWidth columns, padded with zeros, so that the inner loop reads it in order. A tile of kHeight x
// kWidth elements of C stays in registers over a block of k. Every element of C is summed in the same order whatever the
// number of rows, so that a sequence's results do not depend on its batch.
#if defined(__AVX512F__)
enum { kBytes = 64, kVectors = 2, kHeight = 12 };
#elif defined(__AVX__)
enum { kBytes = 32, kVectors = 2, kHeight = 6 };
#else
enum { kBytes = 16, kVectors = 2, kHeight = 6 };
#endif

typedef S Vector __attribute__((vector_size(kBytes), aligned(sizeof(S)), may_alias));
enum { kLanes = kBytes / sizeof(S), kWidth = kLanes * kVectors, kDepth = 256, kBlock = 120 };

static inline int64_t packed_size(int64_t k, int64_t n) { return (n + kWidth - 1) / kWidth * kWidth * k; }

// B, or its transpose stored as (n, k), in panels; panel j has k rows of kWidth columns.
static void pack(int64_t k, int64_t n, const S* b, int64_t ldb, bool transposed, S* packed) {
  for (int64_t j = 0; j < n; j += kWidth, packed += k * kWidth) {
    const int64_t width = n - j < kWidth ? n - j : kWidth;
    if (width < kWidth) std::memset(packed, 0, sizeof(S) * k * kWidth);
    if (transposed) {
      for (int64_t p0 = 0; p0 < k; p0 += 16)
        for (int64_t c = 0; c < width; ++c)
          for (int64_t p = p0; p < k && p < p0 + 16; ++p) packed[p * kWidth + c] = b[(j + c) * ldb + p];
    } else {
      for (int64_t p = 0; p < k; ++p) std::memcpy(packed + p * kWidth, b + p * ldb + j, sizeof(S) * width);
    }
  }
}

// One tile; element (i, p) of A stands at a[i * row_step + p * step].
template <int M>
static inline void tile(int64_t k, const S* a, int64_t row_step, int64_t step, const S* b, S* c, int64_t ldc, int64_t width,
                        bool add) {
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
  else if constexpr (M > 1)
    tail<M - 1>(m, k, a, row_step, step, b, c, ldc, width, add);
}

// A product with a packed B.
static void product(int64_t m, int64_t n, int64_t k, const S* a, int64_t row_step, int64_t step, const S* packed, S* c,
                    int64_t ldc, bool add) {
  for (int64_t p = 0; p < k; p += kDepth) {
    const int64_t depth = k - p < kDepth ? k - p : kDepth;
    for (int64_t j = 0; j < n; j += kWidth) {
      const int64_t width = n - j < kWidth ? n - j : kWidth;
      const S* panel = packed + j * k + p * kWidth;
      int64_t i = 0;
      for (; i + kHeight <= m; i += kHeight)
        tile<kHeight>(depth, a + i * row_step + p * step, row_step, step, panel, c + i * ldc + j, ldc, width, add || p);
      if (i < m)
        tail<kHeight - 1>((int)(m - i), depth, a + i * row_step + p * step, row_step, step, panel, c + i * ldc + j, ldc, width,
                        add || p);
    }
  }
}

struct Large {
  int64_t m, n, k, lda, ldb, ldc, chunks, next;
  const S *a, *b, *bias;
  S *c, *packed;
  bool a_transposed, b_transposed, add;
};

// Columns of a transposed A in panels of kHeight rows of A, so that they lie in the order in which they are read.
static void pack_rows(int64_t depth, int64_t rows, const S* a, int64_t lda, S* block) {
  for (int64_t q = 0; q < depth; ++q, a += lda) {
    int64_t r = 0;
    for (; r + kHeight <= rows; r += kHeight) std::memcpy(block + r * kDepth + q * kHeight, a + r, sizeof(S) * kHeight);
    if (r < rows) std::memcpy(block + r * kDepth + q * kHeight, a + r, sizeof(S) * (rows - r));
  }
}

// Some rows of a large product.
static void large_rows(const Large& l, int64_t first, int64_t end) {
  S* block = l.a_transposed ? (S*)std::malloc(sizeof(S) * (kBlock + kHeight) * kDepth) : nullptr;
  for (int64_t i = first; i < end; i += kBlock) {
    const int64_t rows = end - i < kBlock ? end - i : kBlock;
    for (int64_t p = 0; p < l.k; p += kDepth) {
      const int64_t depth = l.k - p < kDepth ? l.k - p : kDepth;
      if (block) pack_rows(depth, rows, l.a + p * l.lda + i, l.lda, block);
      for (int64_t j = 0; j < l.n; j += kWidth) {
        const int64_t width = l.n - j < kWidth ? l.n - j : kWidth;
        const S* right = l.packed + j * l.k + p * kWidth;
        for (int64_t r = 0; r < rows; r += kHeight) {
          const S* left = block ? block + r * kDepth : l.a + (i + r) * l.lda + p;
          const int64_t row_step = block ? 1 : l.lda, step = block ? kHeight : 1;
          S* c = l.c + (i + r) * l.ldc + j;
          const int64_t height = rows - r < kHeight ? rows - r : kHeight;
          if (l.bias && p == 0)
            for (int64_t s = 0; s < height; ++s) std::memcpy(c + s * l.ldc, l.bias + j, sizeof(S) * width);
          const bool add = l.add || l.bias || p;
          if (height == kHeight)
            tile<kHeight>(depth, left, row_step, step, right, c, l.ldc, width, add);
          else
            tail<kHeight - 1>((int)height, depth, left, row_step, step, right, c, l.ldc, width, add);
        }
      }
    }
  }
  std::free(block);
}

static void large_work(void* data) {
  Large& l = *(Large*)data;
  for (int64_t chunk; (chunk = __atomic_fetch_add(&l.next, 1, __ATOMIC_RELAXED)) < l.chunks;)
    large_rows(l, l.m * chunk / l.chunks, l.m * (chunk + 1) / l.chunks);
}

static S* aligned(int64_t elements) {
  void* found;
  if (posix_memalign(&found, 64, sizeof(S) * (size_t)(elements + kWidth))) std::abort();
  return (S*)found;
}

// A product of any size: A is (m, k), or stored as (k, m); B is (k, n), or stored as (n, k); a bias (n) is added to rows.
extern "C" void rnnbench_product(int64_t m, int64_t n, int64_t k, const S* a, int64_t lda, int64_t a_transposed,
                                 const S* b, int64_t ldb, int64_t b_transposed, const S* bias, S* c, int64_t ldc,
                                 int64_t add, int64_t chunks, Parallel parallel) {
  S* packed = aligned(packed_size(k, n));
  pack(k, n, b, ldb, b_transposed, packed);
  Large l = {m, n, k, lda, ldb, ldc, chunks, 0, a, b, bias, c, packed, a_transposed != 0, b_transposed != 0, add != 0};
  run_parallel(large_work, &l, chunks, parallel);
  std::free(packed);
}
