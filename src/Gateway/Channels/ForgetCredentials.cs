using Antaca.Contracts.Events;
using MassTransit;

namespace Antaca.Gateway.Channels;

/// <summary>Forgets what another replica's call, or a job, has ended. Where the broker is away, five seconds do the same.</summary>
internal sealed class ForgetCredentials(Remembered remembered)
    : IConsumer<SessionEnded>, IConsumer<OperatorSessionEnded>, IConsumer<UserLocked>, IConsumer<UserDeleted>, IConsumer<CertificateRevoked>, IConsumer<PartnerChanged>
{
    public Task Consume(ConsumeContext<SessionEnded> context) => Forget($"session:{context.Message.SessionId}");

    public Task Consume(ConsumeContext<OperatorSessionEnded> context) => Forget($"session:{context.Message.SessionId}");

    public Task Consume(ConsumeContext<UserLocked> context) => Forget($"user:{context.Message.UserId}");

    public Task Consume(ConsumeContext<UserDeleted> context) => Forget($"user:{context.Message.UserId}");

    public Task Consume(ConsumeContext<CertificateRevoked> context) => Forget($"certificate:{context.Message.Serial}");

    public Task Consume(ConsumeContext<PartnerChanged> context) => Forget($"partner:{context.Message.PartnerId}");

    private Task Forget(string subject)
    {
        remembered.Forget(subject);
        return Task.CompletedTask;
    }
}
