-- For wrk: POSTs the form that follows "--" on the command line.
function init(arguments)
	wrk.method = "POST"
	wrk.body = arguments[1]
	wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
end
