//go:build darwin && cgo

// Never run yet: see inbox.go. Compiled without ARC.

#import <AppKit/AppKit.h>
#import <Foundation/Foundation.h>

#include "link_darwin.h"
#include "_cgo_export.h"

static const FourCharCode urlEvent = 'GURL'; // kInternetEventClass, and kAEGetURL

@interface FoyerLinks : NSObject
@end

@implementation FoyerLinks

- (void)listen:(NSNotification *)notification {
	[[NSAppleEventManager sharedAppleEventManager] setEventHandler:self
	                                                   andSelector:@selector(open:reply:)
	                                                 forEventClass:urlEvent
	                                                    andEventID:urlEvent];
}

- (void)open:(NSAppleEventDescriptor *)event reply:(NSAppleEventDescriptor *)reply {
	NSString *link = [[event paramDescriptorForKeyword:keyDirectObject] stringValue];
	if (link != nil) {
		foyerLinkCame((char *)[link UTF8String]);
	}
}

@end

// The system sends the first event as soon as the application has been launched, which
// GLFW lets happen while it starts. The handler has to be there by then, and not earlier:
// AppKit sets one of its own before it tells that launching is about to finish.
void foyerListenForLinks(void) {
	static FoyerLinks *links; // for as long as the process runs
	if (links != nil) {
		return;
	}
	@autoreleasepool {
		links = [[FoyerLinks alloc] init];
		[[NSNotificationCenter defaultCenter] addObserver:links
		                                         selector:@selector(listen:)
		                                             name:NSApplicationWillFinishLaunchingNotification
		                                           object:nil];
	}
}
