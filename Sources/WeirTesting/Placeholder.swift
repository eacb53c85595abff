// placeholder
import MailTypes
