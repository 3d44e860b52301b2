// A pass over some text that learns vectors of words: `WordNetwork.learn`, with a step after every window, or after every
// input of one.
//
// Inputs and targets of a step are two small matrices X (m, D) and Y (n, D):
//   P = sigmoid(S * X Y'),  G = rate S * (1 - P),  X += G Y,  Y += G' X
// where both products are of X and Y as they were. Threads take pieces of the text until none is left, and write to the
// tables without locks (F. Niu et al., Hogwild, NIPS 2011).

#include <new>
#include <vector>

// The same numbers stand in draws.py and windows.py.
enum { kPiece = 1000, kPerPlace = 64, kSubsampling = 0, kWidth = 1, kNoise = 2 };

struct Pass {
  int64_t size, tokens, place, window, end, unknown, bag, together, corrected, threads;
  uint64_t key;
  const int32_t* text;
  const uint32_t* keep;
  // The rows of a word in the input table; null where it has one, its own.
  const int64_t* row_offsets;
  const int32_t* rows;
  S *inputs, *outputs;
  // Noise; without it codes of a tree.
  int64_t words, negatives;
  const uint32_t* noise_bounds;
  const int32_t* noise_others;
  const int64_t* code_offsets;
  const int32_t* nodes;
  const int8_t* bits;
  int64_t most_targets;
  // Of each piece: its rate; what was lost and the number of inputs are entered.
  const double* rates;
  double* lost;
  int64_t* pairs;
  int64_t next, failed;
};

static inline uint64_t draw(const Pass& p, int64_t place, int64_t which) {
  uint64_t x = p.key + 0x9E3779B97F4A7C15ull * (uint64_t)(place * kPerPlace + which);
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
  return x ^ (x >> 31);
}

static inline int64_t below(uint64_t number, int64_t size) { return (int64_t)(((number >> 32) * (uint64_t)size) >> 32); }

static inline S* row_of(const Pass& p, int64_t row) { return p.inputs + row * p.size; }

static inline void add_to(int64_t size, S* to, S factor, const S* from) {
#pragma omp simd
  for (int64_t k = 0; k < size; ++k) to[k] += factor * from[k];
}

// Products of a vector with n others.
static inline void dots(int64_t size, const S* x, S* const* y, int64_t n, S* found) {
  int64_t j = 0;
  for (; j + 4 <= n; j += 4) {
    const S *a = y[j], *b = y[j + 1], *c = y[j + 2], *d = y[j + 3];
    S to_a = 0, to_b = 0, to_c = 0, to_d = 0;
#pragma omp simd reduction(+ : to_a, to_b, to_c, to_d)
    for (int64_t k = 0; k < size; ++k) {
      to_a += x[k] * a[k];
      to_b += x[k] * b[k];
      to_c += x[k] * c[k];
      to_d += x[k] * d[k];
    }
    found[j] = to_a, found[j + 1] = to_b, found[j + 2] = to_c, found[j + 3] = to_d;
  }
  for (; j < n; ++j) {
    const S* a = y[j];
    S to_a = 0;
#pragma omp simd reduction(+ : to_a)
    for (int64_t k = 0; k < size; ++k) to_a += x[k] * a[k];
    found[j] = to_a;
  }
}

// Adds n vectors, each times a number of its own; the numbers stand `step` apart.
static inline void add(int64_t size, S* to, const S* factors, int64_t step, S* const* y, int64_t n) {
  int64_t j = 0;
  for (; j + 4 <= n; j += 4, factors += 4 * step) {
    const S *a = y[j], *b = y[j + 1], *c = y[j + 2], *d = y[j + 3];
    const S by_a = factors[0], by_b = factors[step], by_c = factors[2 * step], by_d = factors[3 * step];
#pragma omp simd
    for (int64_t k = 0; k < size; ++k) to[k] += (by_a * a[k] + by_b * b[k]) + (by_c * c[k] + by_d * d[k]);
  }
  for (; j < n; ++j, factors += step) {
    const S* a = y[j];
    const S by_a = factors[0];
#pragma omp simd
    for (int64_t k = 0; k < size; ++k) to[k] += by_a * a[k];
  }
}

// What a thread needs for a window.
struct Room {
  std::vector<S> signs, scores, likely, steps, means, changes;
  std::vector<S*> x, y;
  std::vector<int64_t> words, places, texts, groups, rows;
};

// A step: learns from m inputs, which begin at `first`, and n targets; the changes of the inputs are left in room.changes.
static double step(const Pass& p, Room& room, int64_t first, int64_t m, int64_t n, S rate) {
  S* const* x = room.x.data() + first;
  S *signs = room.signs.data(), *scores = room.scores.data(), *likely = room.likely.data(), *steps = room.steps.data();
  for (int64_t i = 0; i < m; ++i) {
    dots(p.size, x[i], room.y.data(), n, scores + i * n);
    if (i) std::memcpy(signs + i * n, signs, sizeof(S) * n);
  }
#pragma omp simd
  for (int64_t t = 0; t < m * n; ++t) {
    likely[t] = row_sigmoid(signs[t] * scores[t]);
    steps[t] = rate * signs[t] * (S(1) - likely[t]);
  }
  std::memset(room.changes.data(), 0, sizeof(S) * m * p.size);
  for (int64_t i = 0; i < m; ++i) add(p.size, &room.changes[i * p.size], steps + i * n, 1, room.y.data(), n);
  for (int64_t j = 0; j < n; ++j) add(p.size, room.y[j], steps + j, n, x, m);
  // A logarithm is dear: of as many factors at once as a double can hold.
  double lost = 0, product = 1;
  for (int64_t t = 0; t < m * n; ++t) {
    product *= (double)likely[t];
    if (product < 1e-200) lost -= std::log(product), product = 1;
  }
  return lost - std::log(product);
}

// Learns from m inputs and n targets, all at once or one input after the other: `read` says where an input stands,
// `change` takes what is to be added to it.
template <class Read, class Change>
static double learn(const Pass& p, Room& room, int64_t m, int64_t n, S rate, Read read, Change change) {
  double lost = 0;
  for (int64_t first = 0, size = p.together ? m : 1; first < m; first += size) {
    for (int64_t i = first; i < first + size; ++i) room.x[i] = read(i);
    lost += step(p, room, first, size, n, rate);
    for (int64_t i = 0; i < size; ++i) change(first + i, &room.changes[i * p.size]);
  }
  return lost;
}

// Targets of a word; their number.
static int64_t targets(const Pass& p, Room& room, int64_t word, int64_t place) {
  if (!p.negatives) {
    const int64_t begin = p.code_offsets[word], n = p.code_offsets[word + 1] - begin;
    for (int64_t j = 0; j < n; ++j) {
      room.y[j] = p.outputs + (int64_t)p.nodes[begin + j] * p.size;
      room.signs[j] = S(1 - 2 * p.bits[begin + j]);
    }
    return n;
  }
  room.y[0] = p.outputs + word * p.size;
  room.signs[0] = S(1);
  int64_t n = 1;
  for (int64_t k = 0; k < p.negatives; ++k) {
    const uint64_t number = draw(p, place, kNoise + k);
    const int64_t slot = below(number, p.words);
    const int64_t other = (uint32_t)number < p.noise_bounds[slot] ? slot : p.noise_others[slot];
    if (other == word) continue;
    room.y[n] = p.outputs + other * p.size;
    room.signs[n++] = S(-1);
  }
  return n;
}

// Appends the rows of a word, and ends an input there or goes on with it.
static void append_rows(const Pass& p, Room& room, int64_t word) {
  if (!p.row_offsets) return room.rows.push_back(word);
  room.rows.insert(room.rows.end(), p.rows + p.row_offsets[word], p.rows + p.row_offsets[word + 1]);
}

// One window, whose inputs are means of rows.
static double learn_means(const Pass& p, Room& room, int64_t n, S rate) {
  const int64_t *ends = &room.groups[1], *rows = room.rows.data();
  const auto share = [ends](int64_t i) { return S(1) / S(ends[i] - ends[i - 1]); };
  const auto read = [&](int64_t i) {
    S* mean = &room.means[i * p.size];
    std::memset(mean, 0, sizeof(S) * p.size);
    for (int64_t r = ends[i - 1]; r < ends[i]; ++r) add_to(p.size, mean, share(i), row_of(p, rows[r]));
    return mean;
  };
  const auto change = [&](int64_t i, const S* by) {
    for (int64_t r = ends[i - 1]; r < ends[i]; ++r) add_to(p.size, row_of(p, rows[r]), p.corrected ? share(i) : S(1), by);
  };
  return learn(p, room, (int64_t)room.groups.size() - 1, n, rate, read, change);
}

static void learn_piece(Pass& p, Room& room, int64_t piece) {
  const int64_t first = piece * kPiece, last = first + kPiece < p.tokens ? first + kPiece : p.tokens;
  room.words.clear(), room.places.clear(), room.texts.clear();
  for (int64_t t = first, text = 0; t < last; ++t) {
    const int64_t word = p.text[t];
    if (word == p.end) ++text;
    if (word == p.end || word == p.unknown || (draw(p, p.place + t, kSubsampling) >> 32) > p.keep[word]) continue;
    room.words.push_back(word), room.places.push_back(p.place + t), room.texts.push_back(text);
  }
  const int64_t count = (int64_t)room.words.size();
  const S rate = S(p.rates[piece]);
  double lost = 0;
  int64_t pairs = 0;
  for (int64_t t = 0; t < count; ++t) {
    const int64_t width = 1 + below(draw(p, room.places[t], kWidth), p.window);
    int64_t begin = t, end = t + 1;
    while (begin > 0 && t - begin < width && room.texts[begin - 1] == room.texts[t]) --begin;
    while (end < count && end - t <= width && room.texts[end] == room.texts[t]) ++end;
    if (end - begin == 1) continue;
    const int64_t n = targets(p, room, room.words[t], room.places[t]);
    if (p.bag || p.row_offsets) {
      room.rows.clear(), room.groups.assign(1, 0);
      for (int64_t s = begin; s < end; ++s) {
        if (s == t) continue;
        append_rows(p, room, room.words[s]);
        if (!p.bag) room.groups.push_back((int64_t)room.rows.size());
      }
      if (p.bag) room.groups.push_back((int64_t)room.rows.size());
      lost += learn_means(p, room, n, rate);
      pairs += (int64_t)room.groups.size() - 1;
    } else {
      const int64_t m = end - begin - 1;
      const auto read = [&](int64_t i) { return row_of(p, room.words[begin + i + (begin + i >= t)]); };
      const auto change = [&](int64_t i, const S* by) { add_to(p.size, room.x[i], S(1), by); };
      lost += learn(p, room, m, n, rate, read, change);
      pairs += m;
    }
  }
  p.lost[piece] = lost, p.pairs[piece] = pairs;
}

static void learn_pieces(void* data) {
  Pass& p = *(Pass*)data;
  const int64_t pieces = (p.tokens + kPiece - 1) / kPiece, m = 2 * p.window, n = p.most_targets;
  try {
    Room room;
    for (std::vector<S>* one : {&room.signs, &room.scores, &room.likely, &room.steps}) one->resize(m * n);
    room.means.resize(m * p.size), room.changes.resize(m * p.size), room.x.resize(m), room.y.resize(n);
    for (int64_t piece; (piece = __atomic_fetch_add(&p.next, 1, __ATOMIC_RELAXED)) < pieces;)
      learn_piece(p, room, piece);
  } catch (const std::bad_alloc&) {
    __atomic_store_n(&p.failed, 1, __ATOMIC_RELAXED);
  }
}

// Returns 1 where there is no memory, and 0 else.
extern "C" int rnnbench_pass(Pass* p, Parallel parallel) {
  run_parallel(learn_pieces, p, p->threads, parallel);
  return (int)p->failed;
}
