#ifndef KABUTO_STANDBY_ANSWER_H
#define KABUTO_STANDBY_ANSWER_H
/*
 * How the spooler asks a sandbox for its network's state (daemon/init/standby.c).
 */
#define STANDBY_ASK    "ask"
#define STANDBY_ANSWER "answer"
#define STANDBY_CLEAN  'c'
#define STANDBY_USED   'u'

#endif
