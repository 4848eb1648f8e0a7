update slot set ends_at = other.starts_at + interval '1 second'
from slot other where slot.id = 'SLOT' and other.id = 'OTHER';
