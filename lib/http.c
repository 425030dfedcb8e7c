#include "http.h"

#include "http_answer.h"
#include "http_certs.h"
#include "io.h"

#include <ctype.h>
#include <curl/curl.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>

#define ABSENCE 1000 /* milliseconds without us after which a transfer that times out may not be to blame */

struct http {
	const struct http_policy *policy;
	CURLM *multi;
	struct http_transfer *active, *done; /* lists */
	bool whole_bundle; /* see trust_directory */
	int64_t last_seen; /* io_clock, when the transfers were last looked after */
};

struct http_transfer {
	struct http *http;
	struct http_transfer *next;
	CURL *easy;
	struct curl_slist *headers;
	int (*begin)(void *ctx, const struct http_transfer *t, long status, struct err *e);
	int (*data)(void *ctx, long status, const void *data, size_t n, struct err *e);
	void *ctx;
	struct http_answer answer;
	bool directory_alone; /* see trust_directory */
	bool held_up;	      /* by ourselves, who did not look after it for a while */
	CURLcode code;
	struct err err; /* set by a callback */
	char why[CURL_ERROR_SIZE];
	char url[HTTP_URL_MAX];
};

struct http *http_new(const struct http_policy *policy, struct err *e)
{
	struct http *h = calloc(1, sizeof *h);

	if (h)
		h->policy = policy;
	else
		err_nomem(e);
	return h;
}

/* libcurl is started by the first request: who sends none opens no socket, and has no time to lose. */
static int start_curl(struct http *h, struct err *e)
{
	if (h->multi || (curl_global_init(CURL_GLOBAL_DEFAULT) == 0 && (h->multi = curl_multi_init())))
		return 0;
	return err_set(e, ERR_IO, "libcurl cannot be started");
}

static void unlink_transfer(struct http_transfer **list, const struct http_transfer *t)
{
	while (*list && *list != t)
		list = &(*list)->next;
	if (*list)
		*list = t->next;
}

void http_transfer_free(struct http_transfer *t)
{
	if (!t)
		return;
	unlink_transfer(&t->http->active, t);
	unlink_transfer(&t->http->done, t);
	if (t->easy) {
		curl_multi_remove_handle(t->http->multi, t->easy);
		curl_easy_cleanup(t->easy);
	}
	curl_slist_free_all(t->headers);
	buf_clear(&t->answer.lines);
	free(t);
}

void http_free(struct http *h)
{
	if (!h)
		return;
	while (h->active)
		http_transfer_free(h->active);
	while (h->done)
		http_transfer_free(h->done);
	if (h->multi)
		curl_multi_cleanup(h->multi);
	free(h);
}

static long answer_status(const struct http_transfer *t)
{
	long status = 0;

	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

/* The last of an answer's headers is an empty line; interim answers (100 and the like) end so too. */
static int keep_header(struct http_transfer *t, const char *line, size_t n)
{
	bool was_complete = t->answer.complete;
	long status;

	if (http_answer_add(&t->answer, line, n, &t->err) == -1)
		return -1;
	status = answer_status(t);
	if (was_complete || !t->answer.complete || status < 200 || !t->begin)
		return 0;
	return t->begin(t->ctx, t, status, &t->err);
}

static size_t take_header(char *line, size_t size, size_t n, void *ctx)
{
	return keep_header(ctx, line, size * n) == -1 ? size * n + 1 : size * n;
}

static size_t take_data(char *data, size_t size, size_t n, void *ctx)
{
	struct http_transfer *t = ctx;

	n *= size;
	if (t->data && t->data(t->ctx, answer_status(t), data, n, &t->err) == -1)
		return n + 1; /* anything but n ends the transfer */
	return n;
}

/*
 * The system's authorities are a bundle of some 140, which costs 20 ms to read, and a megabyte, for each connection; and
 * a directory of the same where one is found by its hash. That is tried alone first; should it not do (somebody has
 * added to the bundle by hand), the bundle is read after all.
 */
static void trust_directory(struct http_transfer *t)
{
	const char *path = NULL;

	if (t->http->policy->cacert || t->http->whole_bundle)
		return;
	curl_easy_getinfo(t->easy, CURLINFO_CAPATH, &path);
	t->directory_alone = path && curl_easy_setopt(t->easy, CURLOPT_CAINFO, NULL) == CURLE_OK;
}

/* Begins a transfer anew, whose server was not trusted, with the bundle. Nothing has been sent yet, nor come. */
static bool trust_bundle(struct http_transfer *t)
{
	CURL *fresh = curl_easy_init();
	const char *bundle = NULL;

	if (fresh)
		curl_easy_getinfo(fresh, CURLINFO_CAINFO, &bundle);
	t->http->whole_bundle = true;
	t->directory_alone = !bundle || curl_easy_setopt(t->easy, CURLOPT_CAINFO, bundle) != CURLE_OK;
	curl_easy_cleanup(fresh);
	return !t->directory_alone;
}

/* What must hold, or nothing is sent. */
static int set_limits(CURL *c, const struct http_policy *p, struct err *e)
{
	if (curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, "https") == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_HTTP09_ALLOWED, 0L) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
	    (!p->cacert || curl_easy_setopt(c, CURLOPT_CAINFO, p->cacert) == CURLE_OK))
		return 0;
	return err_set(e, ERR_IO, "libcurl refuses an option that keeps us safe");
}

/* Time-outs, and how we are seen. */
static void set_manners(CURL *c, const struct http_policy *p)
{
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, p->connect_seconds ? p->connect_seconds : HTTP_CONNECT_SECONDS);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, (long)HTTP_STALL_BYTES);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, p->stall_seconds ? p->stall_seconds : HTTP_STALL_SECONDS);
	curl_easy_setopt(c, CURLOPT_BUFFERSIZE, 64L * 1024);
	curl_easy_setopt(c, CURLOPT_USERAGENT, p->user_agent);
}

static int add_header(struct http_transfer *t, const char *line, struct err *e)
{
	struct curl_slist *longer;

	if (strpbrk(line, "\r\n"))
		return err_set(e, ERR_CONTENT, "a header with a line break");
	longer = curl_slist_append(t->headers, line);
	if (!longer)
		return err_nomem(e);
	t->headers = longer;
	return 0;
}

static int set_request(struct http_transfer *t, const struct http_request *q, struct err *e)
{
	CURL *c = t->easy;

	if (strlen(q->url) >= sizeof t->url)
		return err_set(e, ERR_CONTENT, "a URL is longer than %zu bytes", sizeof t->url - 1);
	memcpy(t->url, q->url, strlen(q->url) + 1);
	curl_easy_setopt(c, CURLOPT_URL, t->url);
	if (strcmp(q->method, "HEAD") == 0)
		curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
	if (q->body) {
		curl_easy_setopt(c, CURLOPT_POST, 1L);
		curl_easy_setopt(c, CURLOPT_COPYPOSTFIELDS, q->body);
	}
	/* Bodies as they are: a digest is of the bytes, not of what they decode to. */
	if (add_header(t, "Accept-Encoding: identity", e) == -1)
		return -1;
	for (size_t i = 0; q->headers && q->headers[i]; i++)
		if (add_header(t, q->headers[i], e) == -1)
			return -1;
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, t->headers);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_data);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->why);
	curl_easy_setopt(c, CURLOPT_PRIVATE, t);
	return 0;
}

/* What the host's directory of certificates holds. The authorities there are trusted beside those of the policy. */
static int set_certs(CURL *c, const struct http_policy *p, const struct http_origin *o, struct err *e)
{
	cleanup_http_certs struct http_certs certs = HTTP_CERTS_INIT;
	struct curl_blob blob = { NULL, 0, CURL_BLOB_COPY };

	if (http_certs_find(&certs, p->cert_dirs, o, p->cacert, e) == -1)
		return -1;
	blob.data = certs.authorities.data;
	blob.len = certs.authorities.len;
	if ((!blob.len || curl_easy_setopt(c, CURLOPT_CAINFO_BLOB, &blob) == CURLE_OK) &&
	    (!certs.cert || (curl_easy_setopt(c, CURLOPT_SSLCERT, certs.cert) == CURLE_OK &&
			     curl_easy_setopt(c, CURLOPT_SSLKEY, certs.key) == CURLE_OK)))
		return 0;
	return err_set(e, ERR_IO, "libcurl does not take the certificates of %s", o->host);
}

#define LOOPBACK_BUFFER (256 * 1024) /* bytes, of which Linux makes twice as many */

/*
 * What lies in the kernel's buffer is lost with a process that is killed, and comes again. On loopback, where nothing is
 * far away, a large one gains nothing.
 */
static int set_buffer(void *ctx, curl_socket_t fd, curlsocktype purpose)
{
	int size = LOOPBACK_BUFFER;

	(void)ctx;
	(void)purpose;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	return CURL_SOCKOPT_OK;
}

/* What depends on the host: certificates, and whether a proxy of the environment ($https_proxy, …) may stand between. */
static int set_host(CURL *c, const struct http_policy *p, const char *url, struct err *e)
{
	struct http_origin o;

	if (http_origin(url, &o, e) == -1)
		return -1;
	if (http_is_loopback(o.host)) {
		curl_easy_setopt(c, CURLOPT_PROXY, ""); /* nobody else's loopback is meant */
		curl_easy_setopt(c, CURLOPT_SOCKOPTFUNCTION, set_buffer);
	}
	return strcmp(o.scheme, "https") == 0 ? set_certs(c, p, &o, e) : 0;
}

static struct http_transfer *new_transfer(struct http *h, const struct http_request *q, struct err *e)
{
	struct http_transfer *t = start_curl(h, e) == 0 ? calloc(1, sizeof *t) : NULL;

	if (!t || !(t->easy = curl_easy_init())) {
		free(t);
		if (h->multi)
			err_nomem(e);
		return NULL;
	}
	t->http = h;
	t->begin = q->begin;
	t->data = q->data;
	t->ctx = q->ctx;
	set_manners(t->easy, h->policy);
	trust_directory(t);
	if (set_limits(t->easy, h->policy, e) == 0 && set_request(t, q, e) == 0 &&
	    set_host(t->easy, h->policy, t->url, e) == 0)
		return t;
	http_transfer_free(t);
	return NULL;
}

struct http_transfer *http_start(struct http *h, const struct http_request *q, struct err *e)
{
	struct http_transfer *t = new_transfer(h, q, e);

	if (!t)
		return NULL;
	t->next = h->active;
	h->active = t;
	if (!h->last_seen)
		h->last_seen = io_clock();
	if (curl_multi_add_handle(h->multi, t->easy) == CURLM_OK)
		return t;
	err_set(e, ERR_IO, "libcurl refuses the request");
	http_transfer_free(t);
	return NULL;
}

/* Moves what is finished from `active` to `done`. */
static void collect_done(struct http *h)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(h->multi, &left))) {
		struct http_transfer *t = NULL;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&t);
		t->code = m->data.result;
		if (t->code == CURLE_PEER_FAILED_VERIFICATION && t->directory_alone && trust_bundle(t)) {
			curl_multi_remove_handle(h->multi, t->easy);
			if (curl_multi_add_handle(h->multi, t->easy) == CURLM_OK)
				continue;
		}
		unlink_transfer(&h->active, t);
		t->next = h->done;
		h->done = t;
	}
}

static int work(struct http *h, struct err *e)
{
	int running;
	CURLMcode code = curl_multi_perform(h->multi, &running);

	collect_done(h);
	return code == CURLM_OK ? 0 : err_set(e, ERR_IO, "libcurl: %s", curl_multi_strerror(code));
}

/* What was waiting while we were elsewhere (a slow disk, a reader of our output, SIGSTOP) may time out for that. */
static void notice_absence(struct http *h)
{
	bool long_ago = h->last_seen && io_clock() - h->last_seen > ABSENCE;

	for (struct http_transfer *t = h->active; t; t = t->next)
		t->held_up = t->held_up || long_ago;
}

int http_run(struct http *h, int fd, int timeout_ms, bool *readable, struct err *e)
{
	struct curl_waitfd wait = { .fd = fd, .events = CURL_WAIT_POLLIN };
	CURLMcode code;

	int status;

	*readable = false;
	notice_absence(h);
	if (work(h, e) == -1)
		return -1;
	h->last_seen = io_clock();
	if (h->done)
		return 0;
	code = curl_multi_poll(h->multi, fd == -1 ? NULL : &wait, fd == -1 ? 0 : 1, timeout_ms, NULL);
	if (code != CURLM_OK)
		return err_set(e, ERR_IO, "libcurl: %s", curl_multi_strerror(code));
	*readable = fd != -1 && wait.revents;
	status = work(h, e);
	h->last_seen = h->active ? io_clock() : 0;
	return status;
}

struct http_transfer *http_done(struct http *h)
{
	struct http_transfer *t = h->done;

	if (t) {
		h->done = t->next;
		t->next = NULL;
	}
	return t;
}

void *http_transfer_ctx(const struct http_transfer *t)
{
	return t->ctx;
}

/* A connection that was never there is out of reach, not stalled. */
static enum http_fault timed_out(const struct http_transfer *t)
{
	curl_off_t ready = 0;

	if (t->held_up)
		return HTTP_CUT_OFF;
	curl_easy_getinfo(t->easy, CURLINFO_PRETRANSFER_TIME_T, &ready);
	return ready ? HTTP_TIMED_OUT : HTTP_OUT_OF_REACH;
}

static enum http_fault fault_of(const struct http_transfer *t)
{
	switch (t->code) {
	case CURLE_OK: return HTTP_NO_FAULT;
	case CURLE_UNSUPPORTED_PROTOCOL: /* no HTTP: the alert that a TLS server sends, for one */
	case CURLE_WEIRD_SERVER_REPLY: return HTTP_NO_HTTP;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_CONNECT: return HTTP_OUT_OF_REACH;
	case CURLE_OPERATION_TIMEDOUT: return timed_out(t);
	case CURLE_RECV_ERROR: /* with TLS 1.3, a certificate that is missed is told of after the handshake */
		return strstr(t->why, " alert ") ? HTTP_REFUSED : HTTP_CUT_OFF;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_PARTIAL_FILE:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM: return HTTP_CUT_OFF;
	default: return HTTP_REFUSED;
	}
}

/* libcurl's words may repeat a proxy's URL: what is before its host is nobody's business. */
static void hide_users(char *text)
{
	for (char *url = text; (url = strstr(url, "://")); url++) {
		char *from = url + 3, *at = from + strcspn(from, " '\"\n");

		while (at > from && *at != '@')
			at--;
		if (*at == '@')
			memmove(from, at + 1, strlen(at + 1) + 1);
	}
}

int http_result(const struct http_transfer *t, long *status, enum http_fault *fault, struct err *e)
{
	struct http_origin o;

	*status = answer_status(t);
	*fault = t->err.kind == ERR_NONE ? fault_of(t) : HTTP_REFUSED;
	if (t->code == CURLE_OK)
		return 0;
	if (t->err.kind != ERR_NONE) {
		*e = t->err;
		return -1;
	}
	if (http_origin(t->url, &o, e) == -1)
		return -1;
	if (t->code == CURLE_OUT_OF_MEMORY) /* what libcurl says of a header line beyond its own limit, too */
		return err_set(e, ERR_CONTENT, "%s:%s: too much of a header, or out of memory", o.host, o.port);
	err_set(e, ERR_IO, "%s:%s: %s", o.host, o.port, *t->why ? t->why : curl_easy_strerror(t->code));
	hide_users(e->text);
	return -1;
}

const char *http_header(const struct http_transfer *t, const char *name, size_t i)
{
	return http_answer_header(&t->answer, name, i);
}

int http_length(const struct http_transfer *t, int64_t *length, struct err *e)
{
	return http_answer_length(&t->answer, length, e);
}

bool http_has_certs(const struct http_policy *policy, const struct http_origin *host)
{
	cleanup_http_certs struct http_certs certs = HTTP_CERTS_INIT;
	struct err ignored = ERR_INIT;

	return http_certs_find(&certs, policy->cert_dirs, host, NULL, &ignored) != 0;
}

const char *http_protocol(const struct http_transfer *t)
{
	long version = 0;

	curl_easy_getinfo(t->easy, CURLINFO_HTTP_VERSION, &version);
	return version == CURL_HTTP_VERSION_3 ? "HTTP/3" : version == CURL_HTTP_VERSION_2_0 ? "HTTP/2" : "HTTP/1.1";
}

int64_t http_retry_after(const char *text)
{
	int64_t seconds, date;
	char *end;

	seconds = strtoll(text, &end, 10);
	if (end != text && !*end)
		return seconds < 0 ? 0 : seconds; /* too large a number is the largest */
	date = curl_getdate(text, NULL);
	if (date == -1)
		return -1;
	seconds = date - (int64_t)time(NULL);
	return seconds < 0 ? 0 : seconds;
}

struct http_transfer *http_perform(struct http *h, const struct http_request *q, struct err *e)
{
	struct http_transfer *t = new_transfer(h, q, e);

	if (!t)
		return NULL;
	t->code = curl_easy_perform(t->easy);
	if (t->code == CURLE_PEER_FAILED_VERIFICATION && t->directory_alone && trust_bundle(t))
		t->code = curl_easy_perform(t->easy);
	return t;
}

/* --- URLs --- */

static int url_error(const char *what, const char *url, struct err *e)
{
	return err_set(e, ERR_CONTENT, "%s: '%.200s'", what, url);
}

/* Copies one part of a URL, freed here; false when it is missing or too long. */
static bool url_part(CURLU *u, CURLUPart part, unsigned flags, char *out, size_t room)
{
	char *text = NULL;
	bool fits = curl_url_get(u, part, &text, flags) == CURLUE_OK && strlen(text) < room;

	if (fits)
		memcpy(out, text, strlen(text) + 1);
	curl_free(text);
	return fits;
}

static int check_url(CURLU *u, const char *url, struct http_origin *o, struct err *e)
{
	char *user = NULL;
	bool named;

	if (!url_part(u, CURLUPART_SCHEME, 0, o->scheme, sizeof o->scheme) ||
	    (strcmp(o->scheme, "http") != 0 && strcmp(o->scheme, "https") != 0))
		return url_error("not a URL of http or https", url, e);
	if (!url_part(u, CURLUPART_HOST, 0, o->host, sizeof o->host) ||
	    !url_part(u, CURLUPART_PORT, CURLU_DEFAULT_PORT, o->port, sizeof o->port))
		return url_error("a URL without a host", url, e);
	if (strcmp(o->host, ".") == 0 || strcmp(o->host, "..") == 0 || strchr(o->host, '/'))
		return url_error("a URL whose host is none", url, e);
	named = curl_url_get(u, CURLUPART_USER, &user, 0) != CURLUE_NO_USER;
	curl_free(user);
	if (named)
		return err_set(e, ERR_CONTENT, "a URL of %s that carries a user name", o->host);
	for (char *p = o->host; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return 0;
}

int http_origin(const char *url, struct http_origin *out, struct err *e)
{
	CURLU *u = curl_url();
	int status;

	if (!u)
		return err_nomem(e);
	if (strlen(url) >= HTTP_URL_MAX || curl_url_set(u, CURLUPART_URL, url, 0) != CURLUE_OK)
		status = url_error("not a URL", url, e);
	else
		status = check_url(u, url, out, e);
	curl_url_cleanup(u);
	return status;
}

bool http_same_origin(const struct http_origin *a, const struct http_origin *b)
{
	return strcmp(a->scheme, b->scheme) == 0 && strcmp(a->host, b->host) == 0 && strcmp(a->port, b->port) == 0;
}

int http_resolve(const char *base, const char *location, struct buf *out, struct err *e)
{
	CURLU *u = curl_url();
	struct http_origin o;
	char *text = NULL;
	int status = -1;

	if (!u)
		return err_nomem(e);
	if (!*location || strlen(location) >= HTTP_URL_MAX || curl_url_set(u, CURLUPART_URL, base, 0) != CURLUE_OK ||
	    curl_url_set(u, CURLUPART_URL, location, 0) != CURLUE_OK ||
	    curl_url_set(u, CURLUPART_FRAGMENT, NULL, 0) != CURLUE_OK) {
		url_error("a redirect to what is no URL of http or https", location, e);
	} else if (check_url(u, location, &o, e) == 0) {
		if (curl_url_get(u, CURLUPART_URL, &text, 0) == CURLUE_OK) {
			buf_adds(out, text);
			status = buf_check(out, e);
		} else {
			err_nomem(e);
		}
	}
	curl_free(text);
	curl_url_cleanup(u);
	return status;
}
