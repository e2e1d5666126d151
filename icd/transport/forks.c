/* SPDX-License-Identifier: MIT */
#include "icd/transport/forks.h"

#include "icd/transport/transport.h"

#include <pthread.h>
#include <stdatomic.h>

/* All open transports of this process. */
static struct {
   pthread_mutex_t lock;   /* protects the list; held over fork() */
   struct tongs_list list; /* of struct icd_forked.link */
   _Atomic uint32_t forks;
} open_transports = {
   .lock = PTHREAD_MUTEX_INITIALIZER,
   .list = {&open_transports.list, &open_transports.list},
};

static bool watches_forks;

void
icd_forks_lock(void)
{
   pthread_mutex_lock(&open_transports.lock);
}

void
icd_forks_unlock(void)
{
   pthread_mutex_unlock(&open_transports.lock);
}

static void
leave_all(void)
{
   open_transports.forks++;
   tongs_list_for_each(struct icd_forked, f, &open_transports.list, link)
      f->leave(f);
   icd_forks_unlock();
}

static void
watch_forks(void)
{
   watches_forks = pthread_atfork(icd_forks_lock, icd_forks_unlock, leave_all) == 0;
}

uint32_t
icd_transport_forks(void)
{
   return atomic_load_explicit(&open_transports.forks, memory_order_relaxed);
}

bool
icd_forks_watch(struct icd_forked *f, void (*leave)(struct icd_forked *f))
{
   static pthread_once_t once = PTHREAD_ONCE_INIT;

   pthread_once(&once, watch_forks);
   if (!watches_forks)
      return false;
   f->leave = leave;
   icd_forks_lock();
   tongs_list_append(&open_transports.list, &f->link);
   icd_forks_unlock();
   return true;
}

void
icd_forks_unwatch(struct icd_forked *f)
{
   icd_forks_lock();
   tongs_list_remove(&f->link);
   icd_forks_unlock();
}
