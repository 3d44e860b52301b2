// Runs a function in several threads at once; the function takes work until none is left.
#include <pthread.h>

// GOMP_parallel of the OpenMP that torch uses: a second pool of threads would compete with that one's.
typedef void (*Parallel)(void (*)(void*), void*, unsigned, unsigned);

struct Job {
  void (*function)(void*);
  void* data;
};

static void* run_job(void* job) {
  ((Job*)job)->function(((Job*)job)->data);
  return nullptr;
}

static void run_parallel(void (*function)(void*), void* data, int64_t threads, Parallel parallel) {
  if (threads == 1) return function(data);
  if (parallel) return parallel(function, data, (unsigned)threads, 0);
  Job job = {function, data};
  pthread_t* started = (pthread_t*)std::malloc(sizeof(pthread_t) * threads);
  int64_t count = 0;
  // Without memory for threads, this one does all the work.
  while (started && count < threads - 1 && pthread_create(&started[count], nullptr, run_job, &job) == 0) ++count;
  function(data);
  for (int64_t k = 0; k < count; ++k) pthread_join(started[k], nullptr);
  std::free(started);
}
