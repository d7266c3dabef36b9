<%@ Page Language="C#" %>
<!DOCTYPE html>
<html lang="en">
<head><title>Payroll</title></head>
<body>
<h1>Payroll</h1>
<p>Version <%: System.IO.File.ReadAllText(Server.MapPath("~/VERSION")).Trim() %> on <%: Environment.MachineName %></p>
</body>
</html>
