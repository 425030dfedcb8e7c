"""Faults of tests/faultserver.py about who may ask, and about where that leads (THREATS 7.2, R20 to R43).

challenge/CASE answers 401 with the headers of the case, until it gets the token; moved/CASE redirects the layer to the case's
location.
"""
import base64

from faultdata import BLOBS, LAYER_BYTES, dump

USER = "Basic " + base64.b64encode(b"user:pass-word").decode()
TOKEN = "Bearer the-token"
METADATA = "http://169.254.169.254/latest/meta-data/"
SCOPE = 'service="a,b",scope="repository:x:pull,push"'


class Auth:
    def challenge(self, realm, wanted=TOKEN):
        self.challenges([f'Bearer realm="{realm}",{SCOPE}'], wanted)

    def challenges(self, values, wanted=TOKEN):
        if self.headers.get("Authorization") == wanted:
            return self.fault_plain()
        return self.refuse(401, "UNAUTHORIZED", "authentication required",
                           [("WWW-Authenticate", value) for value in values])

    # --- challenges ---

    def fault_challenge(self):
        free = self.here("/token/free")
        self.challenges({
            "no-realm": ["Bearer " + SCOPE],
            "empty-realm": ['Bearer realm="",' + SCOPE],
            "relative": ['Bearer realm="/token/free",' + SCOPE],
            "long": [f'Bearer realm="{free}?{"x" * (1 << 20)}",{SCOPE}'],
            "twice": [f'Bearer realm="{free}",realm="{self.here("/token/user", 1)}",{SCOPE}'],
            "escaped": [f'Bearer realm="{self.here("/token/quoted")}",service="a\\"b\\\\c",scope="repository:x:pull"'],
            "odd-case": [f'bEARER  REALM="{free}" ,  Service="a,b", SCOPE="repository:x:pull,push"'],
            "basic-first": [f'Basic realm="x", Bearer realm="{free}",{SCOPE}'],
            "two-headers": ['Basic realm="x"', f'Bearer realm="{free}",{SCOPE}'],
            "unknown-first": [f'Negotiate, Digest realm="x",nonce="y,z", Bearer realm="{free}",{SCOPE}'],
            "query": [f'Bearer realm="{self.here("/token/query?account=here")}",{SCOPE}'],
            "metadata": [f'Bearer realm="{METADATA}",{SCOPE}'],
            "link-local-6": [f'Bearer realm="http://[fe80::1]/latest",{SCOPE}'],
            "file": [f'Bearer realm="file:///etc/passwd",{SCOPE}'],
            "gopher": [f'Bearer realm="gopher://127.0.0.1:{self.server.ports[1]}/x",{SCOPE}'],
            "user": [f'Bearer realm="{free.replace("//", "//user:pw@")}",{SCOPE}'],
            "loopback": [f'Bearer realm="{free}",{SCOPE}'],
            "http": [f'Bearer realm="http://127.0.0.1:{self.server.ports[0]}/token/free",{SCOPE}'],
        }[self.words[0]])

    def fault_challenge_v2(self):
        """Only GET /v2/ says how to get a token."""
        if self.headers.get("Authorization") == TOKEN:
            self.fault_plain()
        else:
            self.refuse(401, "UNAUTHORIZED", "who are you")

    def version(self):
        if self.server.name == "1":
            self.challenges([f'Bearer realm="{self.here("/token/version")}",service="v2"'])
        else:
            self.reply(200)

    def fault_token(self):
        self.challenge(self.here("/token/free"))

    def fault_token_user(self):
        self.challenge(self.here("/token/user"))

    def fault_token_identity(self):
        self.challenge(self.here("/token/identity"))

    def fault_token_identity_old(self):
        self.challenge(self.here("/token/identity-old"))

    def fault_token_elsewhere(self):
        self.challenge(self.here("/token/user", 1))

    def fault_token_useless(self):
        self.challenge(self.here("/token/free"), "Bearer another")

    def fault_token_answer(self):
        """The token server's answer is the case."""
        self.challenge(self.here("/token/" + "/".join(self.words[:-1])))

    def fault_token_renewed(self):
        """The first token serves for two requests, the second for the rest."""
        said = self.headers.get("Authorization")
        used = self.times("used" + self.words[0]) if said == "Bearer token-1" else 0
        if said == "Bearer token-2" or 1 <= used <= 2:
            self.fault_plain()
        else:
            self.challenge(self.here("/token/next/" + self.words[0]), "Bearer none")

    def fault_realm_unterminated(self):
        self.refuse(401, "UNAUTHORIZED", "no", [("WWW-Authenticate", 'Bearer realm="http://x')])

    def fault_no_challenge(self):
        self.refuse(401, "UNAUTHORIZED", "who are you")

    def fault_basic(self):
        if self.headers.get("Authorization") == USER:
            return self.fault_plain()
        return self.refuse(401, "UNAUTHORIZED", "no", [("WWW-Authenticate", 'Basic realm="x"')])

    def fault_echo(self):
        """A refusal that repeats the secret it was sent."""
        if self.headers.get("Authorization") == USER:
            return self.refuse(403, "DENIED", "you sent " + USER)
        return self.fault_basic()

    def fault_echo_token(self):
        if self.headers.get("Authorization") == TOKEN:
            return self.refuse(403, "DENIED", "you sent " + TOKEN)
        return self.fault_token()

    # --- token servers ---

    def token_free(self):
        if self.query.count("scope=repository%3Ax%3Apull%2Cpush") == 1 and "service=a%2Cb" in self.query:
            self.reply(200, dump({"access_token": "the-token"}))
        else:
            self.reply(400, b"not what the challenge said")

    def token_quoted(self):
        if "service=a%22b%5Cc" in self.query:
            self.reply(200, dump({"token": "the-token"}))
        else:
            self.reply(400, b"not what the challenge said")

    def token_query(self):
        if self.query.startswith("account=here&") and "service=a%2Cb" in self.query:
            self.reply(200, dump({"token": "the-token"}))
        else:
            self.reply(400, b"not what the realm said")

    def token_version(self):
        scopes = [f"scope=repository%3A{name}%2Fx%3Apull" for name in ("challenge-v2", "no-challenge")]
        if "service=v2" in self.query and any(scope in self.query for scope in scopes):
            self.reply(200, dump({"token": "the-token"}))
        else:
            self.reply(400, b"not what was wanted")

    def token_next(self, case):
        self.reply(200, dump({"token": f"token-{self.times('next' + case)}", "expires_in": 3600}))

    def token_user(self):
        if self.headers.get("Authorization") == USER:
            self.reply(200, dump({"token": "the-token", "expires_in": 300}))
        else:
            self.refuse(401, "UNAUTHORIZED", "incorrect username or password")

    def token_identity(self):
        form = self.form
        if self.command == "POST" and "refresh_token=identity-secret" in form and "grant_type=refresh_token" in form:
            self.reply(200, dump({"access_token": "the-token"}))
        else:
            self.refuse(401, "UNAUTHORIZED", "no")

    def token_identity_old(self):
        """A server that knows GET alone."""
        if self.command == "POST":
            self.reply(404, b"404 page not found\n")
        else:
            self.token_free()

    def token_says(self, case):
        answers = {
            "crlf": dump({"token": "the-token\r\nX-Injected: yes"}),
            "nul": b'{"token":"the-token\\u0000x"}',
            "long": b'{"token":"' + b"x" * (10 << 20) + b'"}',
            "64-kib": self.padded(64 << 10),
            "64-kib-and-1": self.padded((64 << 10) + 1),
            "twice": b'{"token":"the-token","token":"other"}',
            "deep": b'{"token":"the-token","x":' + b"[" * 64 + b"]" * 64 + b"}",
            "empty": b"",
            "none": b"{}",
            "empty-token": b'{"token":""}',
            "number": b'{"token":12345}',
            "html": b"<html>please log in</html>",
            "expires-0": dump({"token": "the-token", "expires_in": 0}),
            "expires-negative": dump({"token": "the-token", "expires_in": -300}),
            "expires-huge": b'{"token":"the-token","expires_in":99999999999999999999}',
            "expires-text": dump({"token": "the-token", "expires_in": "300"}),
            "narrow": dump({"token": "the-token", "scope": "repository:x:pull"}),
        }
        self.reply(200, answers[case], [("Content-Type", "application/json")])

    @staticmethod
    def padded(size):
        text = dump({"token": "the-token", "x": ""})
        return text[:-2] + b"x" * (size - len(text)) + text[-2:]

    def token_status(self, status):
        self.reply(int(status), b"the token server is unwell")

    def token_moved(self, case):
        self.reply(307, headers=[("Location", {
            "metadata": METADATA,
            "elsewhere": self.here("/token/user", 1),
        }[case])])

    # --- redirects ---

    def move(self, location):
        if self.is_layer():
            self.reply(307, headers=[("Location", location)])
        else:
            self.fault_plain()

    def hop(self, left, name):
        self.reply(307, headers=[("Location", f"/hop/{left - 1}/{name}" if left > 1 else f"/blob/{name}")])

    def fault_moved(self):
        port = self.server.ports[1]
        self.move({
            "here": f"/blob/{self.name}",
            "below": f"./{self.name}?again",
            "elsewhere": self.here(f"/blob/{self.name}", 1),
            "other-host": f"http://other.test:{port}/blob/{self.name}",
            "http": f"http://127.0.0.1:{port}/blob/{self.name}",
            "loopback": f"http://127.0.0.1:{port}/blob/{self.name}",
            "other-tls": f"https://127.0.0.1:{self.server.tls.get('good2')}/blob/{self.name}",
            "client-tls": f"https://127.0.0.1:{self.server.tls.get('client2')}/blob/{self.name}",
            "ftp": f"ftp://127.0.0.1:{port}/x",
            "file": "file:///etc/passwd",
            "gopher": f"gopher://127.0.0.1:{port}/x",
            "unix": "unix:/run/docker.sock",
            "dict": f"dict://127.0.0.1:{port}/x",
            "user": f"http://user:pw-secret@127.0.0.1:{port}/blob/{self.name}",
            "loop": self.path,
            "empty": "",
            "slashes": "//evil.test/x",
            "cr": f"/blob/{self.name}\rX-Injected: yes",
            "blank": f"/blob/{self.name} HTTP/1.1",
            "encoded-crlf": "/echo/%0d%0aX-Injected:%20yes",
            "64-kib": "/blob/" + "x" * 65536,
            "metadata": METADATA,
            "metadata-number": "http://2852039166/latest",
            "metadata-hex": "http://0xa9fea9fe/latest",
            "metadata-6": "http://[::ffff:169.254.169.254]/latest",
            "link-local-6": "http://[fe80::1]/latest",
            "port": "http://127.0.0.1:99999/x",
            "wants-password": self.here(f"/v2/basic/x/blobs/{self.name}", 1),
            "own-password": f"/v2/basic/x/blobs/{self.name}",
            "signed-forbidden": self.here(f"/v2/forbidden/x/blobs/{self.name}?signature=very-secret", 1),
        }[self.words[0]])

    def fault_moved_nowhere(self):
        self.layer_fault(lambda: self.reply(307))

    def fault_moved_with_password(self):
        """As moved, for whom the registry knows."""
        if self.headers.get("Authorization") == USER:
            self.fault_moved()
        else:
            self.fault_basic()

    def fault_moved_with_token(self):
        if self.headers.get("Authorization") == TOKEN:
            self.fault_moved()
        else:
            self.fault_token()

    def fault_moved_and_cut(self):
        """The signed address that the redirect leads to serves once, and not to the end."""
        self.move(self.here(f"/signed/{self.count}/{self.name}", 1))

    def signed(self, number, name):
        if self.count > 1:
            self.refuse(403, "AccessDenied", "Request has expired")
        elif number == "1":
            self.cut(LAYER_BYTES, 100000)
        else:
            self.whole(BLOBS[name])

    def fault_moved_manifest(self):
        """By 301, as registries that were renamed do."""
        if self.kind == "manifests":
            self.reply(301, headers=[("Location", f"/v2/plain/{self.words[0]}/manifests/{self.name}")])
        else:
            self.fault_plain()

    def fault_moved_to_page(self):
        """By 303, to a page that has nothing to do with what was asked for."""
        if self.kind == "manifests" or self.is_layer():
            self.reply(303, headers=[("Location", "/page")])
        else:
            self.fault_plain()

    def page(self):
        self.reply(200, b"<html><body>Please log in</body></html>", [("Content-Type", "text/html")])

    def fault_redirect(self):
        if self.headers.get("Authorization") != USER:
            self.fault_basic()
        else:
            self.move(self.here(f"/blob/{self.name}?signature=very-secret", 1))

    def fault_redirect_5(self):
        self.move(f"/hop/4/{self.name}")

    def fault_redirect_6(self):
        self.move(f"/hop/5/{self.name}")

    def fault_redirect_plain(self):
        self.move("http://192.0.2.1/x")
