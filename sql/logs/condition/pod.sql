-- A pod.
l.pod = {value:String}
