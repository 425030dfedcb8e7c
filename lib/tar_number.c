#include "tar_number.h"

#include <stdbool.h>

/* Two's complement, most significant byte first; the first bit is only a mark. */
static int base256(const unsigned char *field, size_t n, int64_t *value)
{
	bool negative = field[0] & 0x40;
	uint64_t v = negative ? UINT64_MAX : 0;

	for (size_t i = 0; i < n; i++) {
		unsigned char byte = field[i];
		if (i == 0)
			byte = (unsigned char)(negative ? byte | 0x80 : byte & 0x7f);
		if (v >> 55 != (negative ? 0x1ff : 0)) /* the top byte and the sign below it must be only sign */
			return -1;
		v = v << 8 | byte;
	}
	*value = (int64_t)v;
	return 0;
}

int tar_number(const char *field, size_t n, int64_t *value)
{
	size_t i = 0, digits;
	uint64_t v = 0;

	if (n && (unsigned char)field[0] & 0x80)
		return base256((const unsigned char *)field, n, value);
	while (i < n && field[i] == ' ')
		i++;
	digits = i;
	for (; i < n && field[i] >= '0' && field[i] <= '7'; i++) {
		if (v >> 60)
			return -1;
		v = v << 3 | (uint64_t)(field[i] - '0');
	}
	digits = i - digits;
	while (i < n && field[i] == ' ')
		i++;
	if (i < n && field[i] != '\0')
		return -1;
	for (; digits == 0 && i < n; i++) /* Go finds digits behind a NUL too: no two readings of a size */
		if (field[i] != '\0' && field[i] != ' ')
			return -1;
	*value = (int64_t)v;
	return 0;
}

int tar_decimal(const char *text, size_t n, int64_t *value)
{
	int64_t v = 0;

	if (n == 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		int digit = text[i] - '0';
		if (v > (INT64_MAX - digit) / 10)
			return -1;
		v = 10 * v + digit;
	}
	*value = v;
	return 0;
}

/* The digits after the point, as nanoseconds; more precision than that is dropped. */
static int fraction(const char *text, size_t n, long *nanoseconds)
{
	long v = 0, unit = 100000000;

	for (size_t i = 0; i < n; i++, unit /= 10) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		v += (text[i] - '0') * unit;
	}
	*nanoseconds = v;
	return 0;
}

int tar_time(const char *text, size_t n, struct timespec *value)
{
	bool negative = n && *text == '-';
	size_t whole = 0;
	int64_t seconds;
	long nanoseconds = 0;

	text += negative;
	n -= negative;
	while (whole < n && text[whole] != '.')
		whole++;
	if (tar_decimal(text, whole, &seconds) == -1)
		return -1;
	if (whole < n && fraction(text + whole + 1, n - whole - 1, &nanoseconds) == -1)
		return -1;
	if (negative) {
		seconds = -seconds - (nanoseconds != 0);
		nanoseconds = nanoseconds ? 1000000000 - nanoseconds : 0;
	}
	value->tv_sec = (time_t)seconds;
	value->tv_nsec = nanoseconds;
	return 0;
}

void tar_write_octal(char *field, size_t n, uint64_t value)
{
	if (3 * (n - 1) < 64 && value >> (3 * (n - 1)))
		value = 0;
	field[n - 1] = '\0';
	for (size_t i = n - 1; i-- > 0; value >>= 3)
		field[i] = (char)('0' + (value & 7));
}
