-- The third message of a plan that allows two at once is quarantined: `q`, then a verdict that lets it pass.
function fail(what)
  mt.echo(what)
  error(what)
end

local conn = mt.connect("inet:" .. port .. "@127.0.0.1")
if conn == nil then fail("held.lua: no connection") end
mt.negotiate(conn, 6, nil, nil)
mt.conninfo(conn, "pc.example", "192.0.2.7")
mt.helo(conn, "pc.example")
for number = 1, 3 do
  mt.macro(conn, SMFIC_MAIL, "i", "4Xd" .. number, "{auth_authen}", "ann")
  mt.mailfrom(conn, "<ann@isp.example>")
  mt.rcptto(conn, "<bob@there.example>")
  mt.data(conn)
  mt.header(conn, "Subject", "hello")
  mt.eoh(conn)
  mt.bodystring(conn, "hello\r\n")
  if mt.eom(conn) ~= nil then fail("held.lua: no answer at the end of message " .. number) end
  local reply = mt.getreply(conn)
  if reply ~= SMFIR_CONTINUE and reply ~= SMFIR_ACCEPT then
    fail("held.lua: message " .. number .. " was answered " .. string.char(reply))
  end
  if mt.eom_check(conn, MT_QUARANTINE) ~= (number == 3) then
    fail("held.lua: quarantine of message " .. number .. " is not as expected")
  end
end
mt.disconnect(conn)
