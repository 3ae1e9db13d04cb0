using Microsoft.AspNetCore.Http;
using Palisade.ApiServer.Access;
using Palisade.ApiServer.Hosting;

namespace Palisade.ApiServer.Http;

/// <summary>Who makes a request that was let in, and what it asks for.</summary>
internal sealed record Caller(User User, AccessRequest Request)
{
    public static Caller Of(HttpContext context) =>
        context.Features.Get<Caller>() ?? throw new InvalidOperationException("the request has passed no gate");
}

/// <summary>
/// Stands before everything that is served: lets in what comes for this machine, from somebody known, within limits
/// and by some rule; the rest gets a Status. What happened is written to the audit log.
/// </summary>
internal sealed class AccessGate(
    Authenticator authenticator,
    Authorizer authorizer,
    RequestLimits limits,
    BodyBudget bodies,
    AuditLog audit,
    TimeProvider time)
{
    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        var record = new AuditRecord(AccessRequest.Of(context.Request), time.GetUtcNow());
        try
        {
            RequestOrigin.Check(context.Request);
            var user = Admit(context, record);
            limits.Count(user);
            using var lease = new BodyLease(bodies, () => limits.Enter(record.Request));
            if (!RequestLimits.HasBody(record.Request))
                lease.Enter();
            context.Features.Set(lease);
            context.Features.Set(new Caller(record.ActsAs ?? user, record.Request));
            await next(context);
        }
        catch (StatusException refusal) when (!context.Response.HasStarted)
        {
            if (refusal.Code == 401)
                context.Response.Headers.WWWAuthenticate = "Bearer";
            await Responses.WriteStatusAsync(context, refusal);
        }
        finally
        {
            audit.Write(record, context);
        }
    }

    private User Admit(HttpContext context, AuditRecord record)
    {
        var user = authenticator.UserOf(context) ?? throw Errors.Unauthorized();
        record.User = user;
        record.ActsAs = Impersonation.Of(context.Request.Headers, user, authorizer);
        var acts = record.ActsAs ?? user;
        if (authorizer.Now.Allows(acts, record.Request, out var reason))
            return user;
        throw Errors.Forbidden(acts, record.Request, reason);
    }
}
