/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Numbers of the Internet protocols, by their RFC or IANA registry. */
#ifndef ASSAY_INET_H
#define ASSAY_INET_H

#define ETH_P_IP 0x0800
#define ETH_P_IPV6 0x86DD

#define IPPROTO_HOPOPTS 0   /* RFC 8200 4.3 */
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define IPPROTO_ROUTING 43  /* RFC 8200 4.4 */
#define IPPROTO_DSTOPTS 60  /* RFC 8200 4.6 */

#define IPV6_HLEN 40
#define UDP_HLEN 8

#endif
