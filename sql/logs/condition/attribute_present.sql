-- An attribute that is there.
mapContains(l.attributes, {key:String})
