-- Three messages of one connection, the second one aborted: two pass. `port` comes from the command line.
function fail(what)
  mt.echo("messages.lua: " .. what)
  error(what)
end

function passes(conn, what)
  local reply = mt.getreply(conn)
  if reply ~= SMFIR_CONTINUE and reply ~= SMFIR_ACCEPT and reply ~= SMFIR_SKIP then
    fail(what .. " was answered " .. string.char(reply))
  end
end

-- MAIL and two RCPT of a login.
function envelope(conn, id)
  if mt.macro(conn, SMFIC_MAIL, "i", id, "{auth_authen}", "ann", "{auth_type}", "PLAIN") ~= nil then fail("macros") end
  if mt.mailfrom(conn, "<ann@isp.example>") ~= nil then fail("MAIL") end
  passes(conn, "MAIL")
  for number = 1, 2 do
    if mt.rcptto(conn, "<r" .. number .. "@there.example>") ~= nil then fail("RCPT") end
    passes(conn, "RCPT")
  end
end

-- The mail data.
function content(conn)
  if mt.data(conn) ~= nil then fail("DATA") end
  passes(conn, "DATA")
  for _, field in ipairs({ "From", "Subject" }) do
    if mt.header(conn, field, "text of " .. field) ~= nil then fail("header") end
    passes(conn, "header")
  end
  if mt.eoh(conn) ~= nil then fail("end of headers") end
  passes(conn, "end of headers")
  for _ = 1, 3 do
    if mt.bodystring(conn, string.rep("hello\r\n", 2000)) ~= nil then fail("body") end
    passes(conn, "body")
  end
end

local conn = mt.connect("inet:" .. port .. "@127.0.0.1")
if conn == nil then fail("no connection") end
if mt.negotiate(conn, 6, nil, nil) ~= nil then fail("negotiation") end
if mt.conninfo(conn, "pc.example", "192.0.2.7") ~= nil then fail("connect") end
passes(conn, "connect")
if mt.helo(conn, "pc.example") ~= nil then fail("HELO") end
passes(conn, "HELO")

envelope(conn, "4Xa1")
content(conn)
if mt.eom(conn) ~= nil then fail("end") end
passes(conn, "the first end")

envelope(conn, "4Xa2")
content(conn)
if mt.abort(conn) ~= nil then fail("abort") end

envelope(conn, "4Xa3")
content(conn)
if mt.eom(conn) ~= nil then fail("end") end
passes(conn, "the third end")
mt.disconnect(conn)
