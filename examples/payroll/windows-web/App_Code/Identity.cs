using System;
using System.Collections.Generic;
using System.IO;
using System.Web;
using System.Web.Script.Serialization;

namespace Payroll
{
    /// <summary>GET /identity: which tier and version runs on which machine, as JSON.</summary>
    public sealed class Identity : IHttpHandler
    {
        public bool IsReusable
        {
            get { return true; }
        }

        public void ProcessRequest(HttpContext context)
        {
            var facts = new Dictionary<string, string>
            {
                { "tier", "Windows-Web" },
                { "version", File.ReadAllText(context.Server.MapPath("~/VERSION")).Trim() },
                { "machine", Environment.MachineName },
                { "framework", Environment.Version.ToString() },
            };
            context.Response.ContentType = "application/json";
            context.Response.Cache.SetCacheability(HttpCacheability.NoCache);
            context.Response.Write(new JavaScriptSerializer().Serialize(facts));
        }
    }
}
