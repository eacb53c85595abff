-- A mail server of milter version 2: no DATA, every step answered, a message that passes.
function fail(what)
  mt.echo(what)
  error(what)
end

function answered(conn, what, problem)
  if problem ~= nil then fail("version2.lua: " .. what .. ": " .. problem) end
  if mt.getreply(conn) ~= SMFIR_CONTINUE and mt.getreply(conn) ~= SMFIR_ACCEPT then
    fail("version2.lua: " .. what .. " was not answered with continue or accept")
  end
end

local conn = mt.connect("inet:" .. port .. "@127.0.0.1")
if conn == nil then fail("version2.lua: no connection") end
-- Actions and steps as version 2 has them: SMFI_V2_ACTS, SMFI_V2_PROT.
local problem = mt.negotiate(conn, 2, 0x3F, 0x7F)
if problem ~= nil then fail("version2.lua: negotiation: " .. problem) end
answered(conn, "connect", mt.conninfo(conn, "pc.example", "192.0.2.7"))
answered(conn, "HELO", mt.helo(conn, "pc.example"))
mt.macro(conn, SMFIC_MAIL, "i", "4Xb1", "{auth_authen}", "ann")
answered(conn, "MAIL", mt.mailfrom(conn, "<ann@isp.example>"))
answered(conn, "RCPT", mt.rcptto(conn, "<bob@there.example>"))
answered(conn, "header", mt.header(conn, "Subject", "hello"))
answered(conn, "end of headers", mt.eoh(conn))
answered(conn, "body", mt.bodystring(conn, "hello\r\n"))
answered(conn, "end", mt.eom(conn))
mt.disconnect(conn)
