import { urlFunctions } from "../../../../shared/template/functions/url.ts";
import { checkFunctions } from "./function-rows.ts";

checkFunctions(urlFunctions, [
  [
    '{{ urlParse "http://h" }}',
    "map[fragment: host:h hostname:h opaque: path: query: scheme:http userinfo:]",
  ],
  ['{{ urlParse "" }}', "map[fragment: host: hostname: opaque: path: query: scheme: userinfo:]"],
  ['{{ urlParse "a/b?c#d" }}', "map[fragment:d host: hostname: opaque: path:a/b query:c scheme: userinfo:]"],
  [
    '{{ urlParse "mailto:x@y.z?s=1" }}',
    "map[fragment: host: hostname: opaque:x@y.z path: query:s=1 scheme:mailto userinfo:]",
  ],
  [
    '{{ urlParse "HTTP://H:80" }}',
    "map[fragment: host:H:80 hostname:H opaque: path: query: scheme:http userinfo:]",
  ],
  [
    '{{ urlParse "//host/p" }}',
    "map[fragment: host:host hostname:host opaque: path:/p query: scheme: userinfo:]",
  ],
  ['{{ urlParse "///p" }}', "map[fragment: host: hostname: opaque: path:///p query: scheme: userinfo:]"],
  [
    '{{ urlParse "http:///p" }}',
    "map[fragment: host: hostname: opaque: path:/p query: scheme:http userinfo:]",
  ],
  ['{{ urlParse "*" }}', "map[fragment: host: hostname: opaque: path:* query: scheme: userinfo:]"],
  [
    '{{ urlParse "http://[::1%25eth0]:80/x" }}',
    "map[fragment: host:[::1%eth0]:80 hostname:::1%eth0 opaque: path:/x query: scheme:http userinfo:]",
  ],
  ['{{ (urlParse "http://[2001:db8::1.2.3.4]/").hostname }}', "2001:db8::1.2.3.4"],
  [
    '{{ urlParse "file:/a/b" }}',
    "map[fragment: host: hostname: opaque: path:/a/b query: scheme:file userinfo:]",
  ],
  ['{{ urlParse "?q" }}', "map[fragment: host: hostname: opaque: path: query:q scheme: userinfo:]"],
  ['{{ urlParse "#f" }}', "map[fragment:f host: hostname: opaque: path: query: scheme: userinfo:]"],
  [
    '{{ urlParse "http://h?x=%zz" }}',
    "map[fragment: host:h hostname:h opaque: path: query:x=%zz scheme:http userinfo:]",
  ],
  [
    '{{ urlParse "http://u@h" }}',
    "map[fragment: host:h hostname:h opaque: path: query: scheme:http userinfo:u]",
  ],
  [
    '{{ urlParse "http://u:@h" }}',
    "map[fragment: host:h hostname:h opaque: path: query: scheme:http userinfo:u:]",
  ],
  [
    '{{ urlParse "http://a%20b:c%40d@h/%2f" }}',
    "map[fragment: host:h hostname:h opaque: path:// query: scheme:http userinfo:a%20b:c%40d]",
  ],
  ['{{ (urlParse "http://h:/x").hostname }}', "h"],
  ['{{ (urlParse "x://h:1:2").host }}', "h:1:2"],
  [
    '{{ urlParse "http://h/é ☃" }}',
    "map[fragment: host:h hostname:h opaque: path:/é ☃ query: scheme:http userinfo:]",
  ],
  [
    '{{ urlParse "http://hé/" }}',
    "map[fragment: host:hé hostname:hé opaque: path:/ query: scheme:http userinfo:]",
  ],
  ['{{ urlParse "a.b:c" }}', "map[fragment: host: hostname: opaque:c path: query: scheme:a.b userinfo:]"],
  [
    '{{ urlParse "http://h%c3%a9/" }}',
    "map[fragment: host:hé hostname:hé opaque: path:/ query: scheme:http userinfo:]",
  ],
  ['{{ urlParse "://x" }}', "ERROR template: k:1:3: error calling urlParse: the URL is malformed"],
  ['{{ urlParse "http://h:port" }}', "ERROR template: k:1:3: error calling urlParse: the URL is malformed"],
  ['{{ urlParse "http://h:1:2" }}', "ERROR template: k:1:3: error calling urlParse: the URL is malformed"],
  ['{{ urlParse "http://[::1" }}', "ERROR template: k:1:3: error calling urlParse: the URL is malformed"],
  ['{{ urlParse "http://a[::1]" }}', "ERROR template: k:1:3: error calling urlParse: the URL is malformed"],
  [
    '{{ urlParse "http://[1.2.3.4]/" }}',
    "ERROR template: k:1:3: error calling urlParse: the URL is malformed",
  ],
  ['{{ urlParse "1:2" }}', "ERROR template: k:1:3: error calling urlParse: the URL is malformed"],
  ['{{ urlParse "http://h/%zz" }}', "ERROR template: k:1:3: error calling urlParse: the URL is malformed"],
  ['{{ urlParse "http://h\\n" }}', "ERROR template: k:1:3: error calling urlParse: the URL is malformed"],
  ['{{ urlParse "http://u u@h/" }}', "ERROR template: k:1:3: error calling urlParse: the URL is malformed"],
  ['{{ urlParse "http://h%20x/" }}', "ERROR template: k:1:3: error calling urlParse: the URL is malformed"],
  ['{{ urlParse "http://h x/" }}', "ERROR template: k:1:3: error calling urlParse: the URL is malformed"],
  ['{{ urlParse "#%" }}', "ERROR template: k:1:3: error calling urlParse: the URL is malformed"],
  [
    '{{ urlParse "http://[::1%25]/" }}',
    "ERROR template: k:1:3: error calling urlParse: the URL is malformed",
  ],
  ['{{ urlParse "http://[:::]/" }}', "ERROR template: k:1:3: error calling urlParse: the URL is malformed"],
  [
    '{{ urlJoin (dict "scheme" "https" "host" "h:1" "path" "/a b" "query" "q=1 2" "fragment" "f g" "userinfo" "u:p@ss") }}',
    "https://u:p%40ss@h:1/a%20b?q=1 2#f%20g",
  ],
  ["{{ urlJoin (dict) }}", ""],
  ['{{ urlJoin (dict "host" "h" "path" "rel") }}', "//h/rel"],
  ['{{ urlJoin (dict "scheme" "mailto" "opaque" "x@y") }}', "mailto:x@y"],
  ['{{ urlJoin (dict "path" "a:b") }}', "./a:b"],
  ['{{ urlJoin (dict "scheme" "file" "path" "/x") }}', "file:///x"],
  ['{{ urlJoin (dict "scheme" "x") }}', "x:"],
  ['{{ urlJoin (dict "path" "*") }}', "*"],
  ['{{ urlJoin (dict "userinfo" "u") }}', "//u@"],
  ['{{ urlJoin (dict "host" "é h" "path" "//x") }}', "//%C3%A9%20h//x"],
  ['{{ urlJoin (dict "path" "/[]{}|^`%") }}', "/%5B%5D%7B%7D%7C%5E%60%25"],
  ['{{ urlJoin (dict "fragment" "a b#\'()") }}', "#a%20b%23%27()"],
  ['{{ urlJoin (dict "userinfo" "a/b") }}', ""],
  [
    '{{ urlJoin (dict "host" 1) }}',
    "ERROR template: k:1:3: error calling urlJoin: the dict's host is not a string",
  ],
  [
    '{{ urlJoin (dict "scheme" nil) }}',
    "ERROR template: k:1:3: error calling urlJoin: the dict's scheme is not a string",
  ],
  [
    '{{ urlJoin (dict "userinfo" "%zz") }}',
    "ERROR template: k:1:3: error calling urlJoin: the dict's userinfo is malformed",
  ],
  [
    '{{ urlJoin "x" }}',
    "ERROR template: k:1:11: a literal cannot be an argument of type map[string]interface {}",
  ],
]);
