-- The environments that the scope is narrowed to.
l.environment IN {environments:Array(String)}
