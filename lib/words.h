/*
 * words - what a server says of its own accord in the body of an error (distribution-spec, Error Codes), for a message.
 */
#ifndef CR_WORDS_H
#define CR_WORDS_H

#include "buf.h"

/*
 * Appends the messages (else codes) of the first errors of {"errors":[…]}, another member that is known to hold one, or
 * text that is no HTML; shortened, and nothing where there is none. Servers repeat what they were sent at times:
 * auth_strike_out.
 */
void words_of_server(const struct buf *body, struct buf *out);

#endif
