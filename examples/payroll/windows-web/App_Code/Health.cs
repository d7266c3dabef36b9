using System.Web;

namespace Payroll
{
    /// <summary>GET /health: 200 as long as ASP.NET answers. What a load balancer asks.</summary>
    public sealed class Health : IHttpHandler
    {
        public bool IsReusable
        {
            get { return true; }
        }

        public void ProcessRequest(HttpContext context)
        {
            context.Response.ContentType = "text/plain";
            context.Response.Cache.SetCacheability(HttpCacheability.NoCache);
            context.Response.Write("ok\n");
        }
    }
}
