-- The third message of a plan that allows two at once is refused with a reply of Weir's own.
function fail(what)
  mt.echo(what)
  error(what)
end

local conn = mt.connect("inet:" .. port .. "@127.0.0.1")
if conn == nil then fail("refused.lua: no connection") end
mt.negotiate(conn, 6, nil, nil)
mt.conninfo(conn, "pc.example", "192.0.2.7")
mt.helo(conn, "pc.example")
for number = 1, 3 do
  mt.macro(conn, SMFIC_MAIL, "i", "4Xc" .. number, "{auth_authen}", "ann")
  mt.mailfrom(conn, "<ann@isp.example>")
  mt.rcptto(conn, "<bob@there.example>")
  mt.data(conn)
  local reply = mt.getreply(conn)
  if reply == SMFIR_CONTINUE then
    mt.header(conn, "Subject", "hello")
    mt.eoh(conn)
    mt.bodystring(conn, "hello\r\n")
    if mt.eom(conn) ~= nil then fail("refused.lua: no answer at the end of message " .. number) end
    reply = mt.getreply(conn)
  else
    mt.abort(conn)
  end
  local isRefused = reply == SMFIR_REPLYCODE or reply == SMFIR_REJECT
  if isRefused ~= (number == 3) then
    fail("refused.lua: message " .. number .. " was answered " .. string.char(reply))
  end
end
mt.disconnect(conn)
