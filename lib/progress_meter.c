/* progress_meter - how fast bytes come: their mean over the last seconds. */
#include "progress_state.h"

void meter_start(struct meter *m, int64_t now, int64_t bytes)
{
	m->first = 0;
	m->count = 1;
	m->past[0].at = now;
	m->past[0].bytes = bytes;
}

static unsigned int nth(const struct meter *m, unsigned int i)
{
	return (m->first + i) % METER_SAMPLES;
}

void meter_sample(struct meter *m, int64_t now, int64_t bytes)
{
	if (m->count == 0) {
		meter_start(m, now, bytes);
		return;
	}
	if (now - m->past[nth(m, m->count - 1)].at < METER_STEP)
		return;
	/* One sample at the window's far end is what the rate is measured from. */
	while (m->count == METER_SAMPLES || (m->count > 1 && now - m->past[nth(m, 1)].at >= METER_WINDOW)) {
		m->first = nth(m, 1);
		m->count--;
	}
	m->past[nth(m, m->count)].at = now;
	m->past[nth(m, m->count)].bytes = bytes;
	m->count++;
}

int64_t meter_rate(const struct meter *m, int64_t now, int64_t bytes)
{
	int64_t time = now - m->past[m->first].at, came = bytes - m->past[m->first].bytes;
	double rate;

	if (m->count == 0 || time < METER_LEAST)
		return -1;
	if (came <= 0)
		return 0;
	rate = (double)came * 1000.0 / (double)time;
	return rate < 9e18 ? (int64_t)rate : INT64_MAX;
}

int64_t meter_left(int64_t bytes, int64_t total, int64_t rate)
{
	if (total < 0 || rate <= 0)
		return -1;
	if (bytes >= total)
		return 0;
	return (total - bytes - 1) / rate + 1;
}
