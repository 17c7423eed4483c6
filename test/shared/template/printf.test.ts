import { checkRows, type Row } from "./language-rows.ts";

// Printing: outputs, and which templates fail and where, are Go 1.26's; the words of errors are ours.
const rows: readonly Row[] = [
  ['{{ printf "%5s|%-5s|" "\u00e9" "\u65e5" }}', "    \u00e9|\u65e5    |"],
  ['{{ 1 | printf "%d-%s" 2 }}', "2-%!s(int=1)"],
  ['{{ printf "%d" 1 | printf "%s-%s" "x" }}', "x-1"],
  ['{{ (printf "%s" .n).foo }}', "ERROR k:1:19: can't evaluate field foo in type string"],
  ['{{ .n | len | printf "%03d" }}', "002"],
  ["{{ nil | print }}", "ERROR k:1:3: nil is not a command"],
  ["{{ print nil }}", "<nil>"],
  ['{{ print nil nil 1 "a" 2 3 "b" "c" }}', "<nil> <nil> 1a2 3bc"],
  ['{{ print 1 2 "x" 3 true false 1.5 }}', "1 2x3 true false 1.5"],
  ['{{ println 1 2 "x" }}', "1 2 x\n"],
  ["{{ print .missing }}", "<nil>"],
  ["{{ print }}|{{ println }}", "|\n"],
  ['{{ printf "%v %d %s" 1 2 "x" }}', "1 2 x"],
  [
    '{{ printf "%d" "x" }}{{ printf "%s" 3 }}{{ printf "%z" 3 }}{{printf "%d"}}{{printf "a" 1 nil .n}}',
    "%!d(string=x)%!s(int=3)%!z(int=3)%!d(MISSING)a%!(EXTRA int=1, <nil>, string=42)",
  ],
  [
    '{{ printf "%T %T %T %T %T" 1 1.5 "s" true . }}{{ printf "%T" nil }}',
    "int float64 string bool map[string]string<nil>",
  ],
  [
    '{{ printf "%v %+v %#v" . . . }}',
    'map[bin:\ufffd\ufffd\u0000 empty: foo:b<&>"ar n:42 tls.crt:X uni:h\u00e9\u00e9\u65e5\u672c\ud83d\ude00\u00ad\u2028] map[bin:\ufffd\ufffd\u0000 empty: foo:b<&>"ar n:42 tls.crt:X uni:h\u00e9\u00e9\u65e5\u672c\ud83d\ude00\u00ad\u2028] map[string]string{"bin":"\\xff\\xfe\\x00", "empty":"", "foo":"b<&>\\"ar", "n":"42", "tls.crt":"X", "uni":"h\u00e9\u00e9\u65e5\u672c\ud83d\ude00\\u00ad\\u2028"}',
  ],
  [
    '{{ printf "%q %x %X % x %#x % #x" .foo .foo .foo .foo .foo .foo }}',
    '"b<&>\\"ar" 623c263e226172 623C263E226172 62 3c 26 3e 22 61 72 0x623c263e226172 0x62 0x3c 0x26 0x3e 0x22 0x61 0x72',
  ],
  [
    '{{ printf "%q %+q %#q" .uni .uni .uni }}',
    '"h\u00e9\u00e9\u65e5\u672c\ud83d\ude00\\u00ad\\u2028" "h\\u00e9\\u00e9\\u65e5\\u672c\\U0001f600\\u00ad\\u2028" `h\u00e9\u00e9\u65e5\u672c\ud83d\ude00\u00ad\u2028`',
  ],
  [
    '{{ printf "%q" .bin }}{{ printf "%+q" .bin }}{{ printf "%x" .bin}}',
    '"\\xff\\xfe\\x00""\\xff\\xfe\\x00"fffe00',
  ],
  ['{{ printf "%5s|%-5s|%05s|%.2s|%5.1s" "ab" "ab" "ab" "abc" "abc" }}', "   ab|ab   |000ab|ab|    a"],
  [
    '{{ printf "%8s|%-8s|" .uni .uni }}{{printf "%.3s" .uni}}',
    "h\u00e9\u00e9\u65e5\u672c\ud83d\ude00\u00ad\u2028|h\u00e9\u00e9\u65e5\u672c\ud83d\ude00\u00ad\u2028|h\u00e9\u00e9",
  ],
  [
    '{{ printf "%5d|%-5d|%05d|%+d|% d|%x|%X|%o|%O|%b|%#x|%#o|%#b|%c|%q|%U|%#U" 42 42 42 42 42 42 42 42 42 42 42 42 42 42 42 42 42 }}',
    "   42|42   |00042|+42| 42|2a|2A|52|0o52|101010|0x2a|052|0b101010|*|'*'|U+002A|U+002A '*'",
  ],
  [
    '{{ printf "%5d|%05d|%+d|%x|%.5d|%8.5d|%-8.5d|%08.5d" -42 -42 -42 -42 -42 -42 -42 -42 }}',
    "  -42|-0042|-42|-2a|-00042|  -00042|-00042  |  -00042",
  ],
  ['{{ printf "%.0d|%.d|%5.0d|" 0 0 0 }}', "||     |"],
  [
    '{{ printf "%c%c%c%c" 65 26085 128512 -1 }}{{ printf "%q %q %+q %q" 39 10 26085 1114112 }}',
    "A\u65e5\ud83d\ude00\ufffd'\\'' '\\n' '\\u65e5' '\ufffd'",
  ],
  ['{{ printf "%U %#U %U" 128512 10 -1 }}', "U+1F600 U+000A U+FFFFFFFFFFFFFFFF"],
  ['{{ printf "%v %v %v %v %v" 1.0 1e6 1e20 1e21 1e-5 }}', "1 1e+06 1e+20 1e+21 1e-05"],
  [
    '{{ printf "%v %g %G %e %E %f %F" 123456789.125 123456789.125 1e-10 1234.5678 1234.5678 1234.5678 1234.5678 }}',
    "1.23456789125e+08 1.23456789125e+08 1E-10 1.234568e+03 1.234568E+03 1234.567800 1234.567800",
  ],
  [
    '{{ printf "%.3v|%.3g|%.10g|%.3e|%.0f|%.1f|%8.2f|%-8.2f|%08.2f|%+.2f|% .2f" 1234.5678 1234.5678 1234.5678 1234.5678 2.5 0.25 3.14159 3.14159 3.14159 3.14159 3.14159 }}',
    "1.23e+03|1.23e+03|1234.5678|1.235e+03|2|0.2|    3.14|3.14    |00003.14|+3.14| 3.14",
  ],
  [
    '{{ printf "%#g|%#v|%#.3g|%#f|%#e|%#.0f|%#x" 1.0 1.0 1.0 1.0 1.0 1.0 1.0 }}',
    "1.00000|1|1.00|1.000000|1.000000e+00|1.|0x1.0000p+00",
  ],
  [
    '{{ printf "%x|%X|%.2x|%b|%.0x|%+x" 3.14159 3.14159 3.14159 3.14159 1.9 1.5 }}',
    "0x1.921f9f01b866ep+01|0X1.921F9F01B866EP+01|0x1.92p+01|7074231776675438p-51|0x1p+01|+0x1.8p+00",
  ],
  [
    '{{ printf "%t %t %v %5t|%-7t|%d" true false true true false true }}',
    "true false true  true|false  |%!d(bool=true)",
  ],
  [
    '{{ printf "%d%%" 5 }}{{ printf "%" }}{{ printf "%-" }}{{ printf "%!" 1}}',
    "5%%!(NOVERB)%!(NOVERB)%!!(int=1)",
  ],
  [
    '{{ printf "%[2]d %[1]d" 1 2 }}{{ printf "%[3]d" 1 }}{{ printf "%[x]d" 1 }}{{ printf "%[1" 1 }}{{ printf "%[]d" 1 }}{{ printf "%[2]*[1]d|" 5 3 }}{{printf "%[1]d %d" 1 2}}',
    "2 1%!d(BADINDEX)%!d(BADINDEX)%!(NOVERB)%!d(BADINDEX)  5|1 2",
  ],
  [
    '{{ printf "%*d|%-*d|%.*f|%*d" 5 1 5 1 2 3.14159 "x" 1 }}{{ printf "%*d" -5 1 }}|{{ printf "%.*d" -5 1 }}',
    "    1|1    |3.14|%!(BADWIDTH)11    |%!(BADPREC)1",
  ],
  ['{{ printf "%6.2f%%|%[1]v" 3.14159 }}', "  3.14%|3.14159"],
  ['{{ printf "%s %v" true nil }}{{ printf "%d" nil }}', "%!s(bool=true) <nil>%!d(<nil>)"],
  [
    '{{ printf "%d %s %x" . . . }}',
    'map[%!d(string=bin):%!d(string=\ufffd\ufffd\u0000) %!d(string=empty):%!d(string=) %!d(string=foo):%!d(string=b<&>"ar) %!d(string=n):%!d(string=42) %!d(string=tls.crt):%!d(string=X) %!d(string=uni):%!d(string=h\u00e9\u00e9\u65e5\u672c\ud83d\ude00\u00ad\u2028)] map[bin:\ufffd\ufffd\u0000 empty: foo:b<&>"ar n:42 tls.crt:X uni:h\u00e9\u00e9\u65e5\u672c\ud83d\ude00\u00ad\u2028] map[62696e:fffe00 656d707479: 666f6f:623c263e226172 6e:3432 746c732e637274:58 756e69:68c3a9c3a9e697a5e69cacf09f9880c2ade280a8]',
  ],
  ['{{ printf "%10v|%-10v|%010v" "a" "b" 3 }}', "         a|b         |0000000003"],
  ['{{ printf "%#v %#v %#v %#v" "a\\"b" 1 true 1.5 }}{{ printf "%#q" "a`b" }}', '"a\\"b" 1 true 1.5"a`b"'],
  ['{{ printf "%999999999d" 1 }}', "%!(NOVERB)%!(EXTRA int=1)"],
  ['{{ printf "%p" "x" }}', "%!p(string=x)"],
  ['{{ printf "%w" "x" }}', "%!w(string=x)"],
  ['{{ printf "\u00e9%d\u65e5" 3 }}{{ printf "%\u00e9" 3 }}', "\u00e93\u65e5%!\u00e9(int=3)"],
  [
    "{{ printf \"%v\" 'a' }}{{ 'a' }}{{ '\\n' }}{{ '\\x41' }}{{ '\u65e5' }}{{ '\\'' }}{{ '\\u00e9' }}{{ '\\101' }}",
    "97971065260853923365",
  ],
  ["{{ $x:= 1 }}{{$x|print}}", "1"],
  ['{{ printf "%s" (printf "%d" (len (print 1 2))) }}', "3"],
  ["{{ print (len .n) (len .foo) }}", "2 7"],
  ["{{ len (.n) }}{{ len (print .n) | print }}", "22"],
  ["{{ print 'a' 'b' }}", "97 98"],
  [
    "{{ print 1.0 2.50 1e100 1e-7 123456789.0 0.1 100000.0 1000000.0 21e19 1e21}}",
    "1 2.5 1e+100 1e-07 1.23456789e+08 0.1 100000 1e+06 2.1e+20 1e+21",
  ],
  ['{{ printf "%d" 3.0 }}{{ printf "%s" \'a\' }}', "%!d(float64=3)%!s(int=97)"],
  ['{{ printf "%v" (index . "n") }}', "42"],
  ['{{ $.n | printf "%s%s" $.n }}', "4242"],
  ["{{ printf $.n }}", "42"],
  ["{{ printf 3 }}", "ERROR k:1:10: expected string; found another literal"],
  ["{{ printf nil }}", "ERROR k:1:10: cannot assign nil to string"],
  ["{{ printf .missing }}", "ERROR k:1:10: invalid value; expected string"],
  ["{{ printf }}", "ERROR k:1:3: wrong number of args for printf: want at least 1 got 0"],
  ['{{ "a" | printf }}', "a"],
  ['{{ printf "%v" .missing }}{{ printf "%s" .missing }}', "<nil>%!s(<nil>)"],
  [
    "{{ print $ }}",
    'map[bin:\ufffd\ufffd\u0000 empty: foo:b<&>"ar n:42 tls.crt:X uni:h\u00e9\u00e9\u65e5\u672c\ud83d\ude00\u00ad\u2028]',
  ],
  ['{{ print (print) "" 1 }}', "1"],
];

checkRows(rows);
