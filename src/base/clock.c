/*
 * Clocks.
 */
#include "clock.h"

static int64_t
clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

int64_t
clock_now_ns(void)
{
	return clock_ns(CLOCK_REALTIME);
}

int64_t
clock_now_ms(void)
{
	return clock_now_ns() / NS_PER_MS;
}

int64_t
clock_monotonic_ms(void)
{
	return clock_ns(CLOCK_MONOTONIC) / NS_PER_MS;
}

int64_t
clock_timespec_ms(const struct timespec *time)
{
	return (int64_t)time->tv_sec * MS_PER_S + time->tv_nsec / NS_PER_MS;
}
