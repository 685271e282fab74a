#include "html.h"

#include "svg.h"

static const char STYLE[] =
    ":root{color-scheme:light dark;--paper:#f5f7fa;--card:#ffffff;--ink:#1b2330;--soft:#57606a;--line:#e1e6ed;"
    "--accent:#1d4ed8;--good:#0a7d5e;--bad:#b4410b;--note:#fff7e6;--note-line:#f0c36d;--note-ink:#6b4700}"
    "@media (prefers-color-scheme:dark){:root{--paper:#0b0e13;--card:#12161d;--ink:#eef2f7;--soft:#a3adbb;"
    "--line:#29323f;--accent:#8ab4ff;--good:#3ed0a4;--bad:#ff9a5c;--note:#241c0c;--note-line:#6b5420;"
    "--note-ink:#f1d9a2}}"
    "*{box-sizing:border-box}"
    "body{margin:0;background:var(--paper);color:var(--ink);"
    "font:15px/1.55 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;-webkit-text-size-adjust:100%}"
    "main{max-width:1180px;margin:0 auto;padding:28px 20px 72px}"
    "h1{font-size:30px;line-height:1.2;margin:0 0 4px;letter-spacing:-.02em}"
    "h2{font-size:23px;line-height:1.25;margin:52px 0 4px;letter-spacing:-.01em}"
    "h3{font-size:17px;margin:36px 0 10px}"
    "img{max-width:100%;height:auto}"
    "p{margin:0 0 12px}.lead,.note{color:var(--soft)}.note{font-size:13.5px}"
    ".research{background:var(--note);border:1px solid var(--note-line);color:var(--note-ink);border-radius:10px;"
    "padding:10px 14px;margin:18px 0 22px;font-size:14px}"
    "dl.facts{display:grid;grid-template-columns:max-content 1fr;gap:4px 18px;margin:0;font-size:14px}"
    "main li{overflow-wrap:anywhere}.facts dt{color:var(--soft)}.facts dd{margin:0;overflow-wrap:anywhere}"
    ".cards{display:grid;grid-template-columns:repeat(4,1fr);gap:12px;margin:18px 0 8px}"
    ".card,.chart,.table,.gallery figure,details.split{background:var(--card);border:1px solid var(--line);"
    "border-radius:12px}"
    ".card{padding:14px 16px}.card .name{font-size:13px;color:var(--soft);line-height:1.3}"
    ".card .value{font-size:29px;font-weight:650;letter-spacing:-.02em;line-height:1.35;"
    "font-variant-numeric:tabular-nums}"
    ".card .interval{font-size:12.5px;color:var(--soft);font-variant-numeric:tabular-nums}"
    ".charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,400px),1fr));gap:14px;margin:16px 0}"
    ".chart{padding:8px}.chart svg{display:block;width:100%;height:auto}"
    ".table{overflow-x:auto;margin:12px 0}"
    ".table:focus-visible,summary:focus-visible{outline:3px solid var(--accent);outline-offset:2px}"
    "table{border-collapse:collapse;width:100%;font-size:14px;font-variant-numeric:tabular-nums}"
    "caption{text-align:left;padding:12px 16px 4px;font-weight:600}"
    "th,td{padding:7px 11px;text-align:right;white-space:nowrap;border-top:1px solid var(--line)}"
    "thead th{color:var(--soft);font-weight:500;border-top:0;white-space:normal;vertical-align:bottom;line-height:1.3}"
    "th:first-child,td:first-child{text-align:left;padding-left:16px}th:last-child,td:last-child{padding-right:16px}"
    "tbody th{font-weight:500}"
    "td small{display:block;color:var(--soft);font-size:12px;line-height:1.3}"
    ".gallery{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,440px),1fr));gap:14px}"
    ".gallery figure{margin:0;overflow:hidden}"
    ".gallery img{display:block;width:100%;height:auto;background:#11151b}"
    ".gallery figcaption{padding:9px 13px 11px;font-size:13.5px;line-height:1.45}"
    ".gallery .file{font-weight:600;overflow-wrap:anywhere}"
    ".right{color:var(--good)}.wrong{color:var(--bad);font-weight:600}"
    ".key{font-size:13.5px;color:var(--soft)}.key b{font-weight:600}.reference{color:var(--good)}"
    ".prediction{color:var(--bad)}"
    "details.split{margin-top:44px;padding:0 18px}details.split[open]{padding-bottom:18px}"
    "summary{cursor:pointer;padding:14px 0;font-size:18px;font-weight:600}"
    "details.more summary{font-size:15px;padding:10px 0;color:var(--accent)}"
    "@media (max-width:860px){.cards{grid-template-columns:1fr 1fr}}"
    "@media (max-width:520px){main{padding:20px 14px 56px}h1{font-size:25px}h2{font-size:20px;margin-top:40px}"
    ".cards{gap:9px}.card{padding:11px 12px}.card .value{font-size:24px}"
    "dl.facts{grid-template-columns:1fr;gap:0}.facts dd{margin-bottom:7px}th,td{padding:8px 10px}"
    "details.split{padding:0 10px}.chart{padding:2px}.chart .sm-chart{font-size:13.5px}}"
    "@media print{body{background:#fff}.chart,figure,.card{break-inside:avoid}}";

void sm_html_begin(FILE *out, const char *title) {
    fputs("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<meta http-equiv=\"Content-Security-Policy\" "
          "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\n<title>",
          out);
    sm_svg_escape(out, title);
    fprintf(out, "</title>\n<style>%s%s</style>\n</head>\n<body>\n<main>\n", STYLE, sm_svg_style);
}

void sm_html_end(FILE *out) { fputs("</main>\n</body>\n</html>\n", out); }

/* RFC 4648. */
static void write_base64(FILE *out, const unsigned char *bytes, size_t size) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < size; i += 3) {
        size_t left = size - i;
        unsigned triple = (unsigned)bytes[i] << 16;
        if (left > 1) triple |= (unsigned)bytes[i + 1] << 8;
        if (left > 2) triple |= bytes[i + 2];
        const char text[4] = {digits[triple >> 18], digits[triple >> 12 & 63],
                              left > 1 ? digits[triple >> 6 & 63] : '=', left > 2 ? digits[triple & 63] : '='};
        fwrite(text, 1, sizeof text, out);
    }
}

static unsigned big_endian(const unsigned char *bytes) {
    return (unsigned)bytes[0] << 24 | (unsigned)bytes[1] << 16 | (unsigned)bytes[2] << 8 | bytes[3];
}

void sm_html_png(FILE *out, const unsigned char *png, size_t size, const char *alternative) {
    fputs("<img", out);
    /* With width and height (from the PNG header) the page does not shift when the picture is decoded. */
    if (size >= 24) fprintf(out, " width=\"%u\" height=\"%u\"", big_endian(png + 16), big_endian(png + 20));
    fputs(" alt=\"", out);
    sm_svg_escape(out, alternative);
    fputs("\" src=\"data:image/png;base64,", out);
    write_base64(out, png, size);
    fputs("\">", out);
}

void sm_html_table_begin(FILE *out, const char *caption) {
    fputs("<div class=\"table\" tabindex=\"0\" role=\"region\" aria-label=\"", out);
    sm_svg_escape(out, caption);
    fputs("\"><table><caption>", out);
    sm_svg_escape(out, caption);
    fputs("</caption>\n", out);
}

void sm_html_table_end(FILE *out) { fputs("</table></div>\n", out); }
