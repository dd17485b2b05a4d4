-- What one person alone keeps of a conversation (quiet, archived) is told to his other windows.

ALTER TABLE change DROP CONSTRAINT change_kind_check;
ALTER TABLE change ADD CONSTRAINT change_kind_check CHECK (kind IN ('message.created', 'message.edited', 'message.deleted',
    'conversation.updated', 'conversation.deleted', 'conversation.restored', 'member.changed', 'read.changed',
    'reaction.changed', 'pin.changed', 'leaf.changed', 'own.changed', 'run.started', 'run.ended'));
