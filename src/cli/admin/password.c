/* How `davit user` gets a password: never from arguments, which all on the machine can read. */
#include "cli/admin/password.h"

#include <errno.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

enum { PASSWORD_LINE_MAX = 1024 };

static bool read_line(FILE *from, struct arena *arena, struct str *line_out)
{
    char line[PASSWORD_LINE_MAX];
    if (!fgets(line, sizeof(line), from))
        return false;
    *line_out = arena_str(arena, str_first(str_of_c(line), strcspn(line, "\r\n")));
    return line_out->len > 0;
}

static bool ask(const char *prompt, struct arena *arena, struct str *password_out)
{
    struct termios old;
    struct termios silent;
    FILE *terminal = fopen("/dev/tty", "r+");
    if (!terminal || tcgetattr(fileno(terminal), &old) < 0) {
        if (terminal)
            (void)fclose(terminal); /* nothing was written */
        return false;
    }
    silent = old;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    fprintf(terminal, "%s: ", prompt);
    (void)fflush(terminal);                                /* then the prompt is missing */
    (void)tcsetattr(fileno(terminal), TCSAFLUSH, &silent); /* then it is seen */
    bool is_read = read_line(terminal, arena, password_out);
    (void)tcsetattr(fileno(terminal), TCSAFLUSH, &old); /* as it was */
    fprintf(terminal, "\n");
    (void)fclose(terminal); /* a terminal: nothing to lose */
    return is_read;
}

bool password_read(const char *path, struct arena *arena, struct str *password_out, struct err *err)
{
    struct str again;
    if (!path && isatty(STDIN_FILENO)) {
        if (!ask("Password", arena, password_out) || !ask("Again", arena, &again))
            return err_set(err, 0, "no password was given");
        return str_eq(*password_out, again) ||
               err_set(err, 0, "the two passwords are not the same");
    }
    bool is_input = !path || strcmp(path, "-") == 0;
    FILE *from = is_input ? stdin : fopen(path, "re");
    if (!from)
        return err_sys(err, errno, "cannot open '%s'", path);
    bool is_read = read_line(from, arena, password_out);
    if (!is_input)
        (void)fclose(from); /* read only: nothing to lose */
    return is_read || err_set(err, 0, "no password was given");
}
