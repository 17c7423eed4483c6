module signet.test/netbox

go 1.26.0
