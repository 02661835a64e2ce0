-- A pattern on the pod.
match(l.pod, {value:String})
