//go:build darwin && cgo

// Never run yet: see permit_darwin.go. Compiled without ARC.

#import <AVFoundation/AVFoundation.h>
#import <Foundation/Foundation.h>

#include "permit_darwin.h"

// How long somebody may think about it. Whoever answers later opens the device again.
static const int64_t seconds = 60;

int foyerPermit(int microphone) {
	@autoreleasepool {
		AVMediaType type = microphone ? AVMediaTypeAudio : AVMediaTypeVideo;
		NSString *key = microphone ? @"NSMicrophoneUsageDescription" : @"NSCameraUsageDescription";
		switch ([AVCaptureDevice authorizationStatusForMediaType:type]) {
		case AVAuthorizationStatusAuthorized:
			return 1;
		case AVAuthorizationStatusNotDetermined:
			break;
		default:
			return 0;
		}
		// A program outside a bundle has no reason to give, and would be ended for asking.
		// The terminal that has started it is asked about instead.
		if ([[NSBundle mainBundle] objectForInfoDictionaryKey:key] == nil) {
			return 1;
		}
		__block BOOL allowed = NO;
		dispatch_semaphore_t answered = dispatch_semaphore_create(0);
		[AVCaptureDevice requestAccessForMediaType:type
		                         completionHandler:^(BOOL granted) {
			                         allowed = granted;
			                         dispatch_semaphore_signal(answered);
		                         }];
		if (dispatch_semaphore_wait(answered, dispatch_time(DISPATCH_TIME_NOW, seconds * NSEC_PER_SEC)) != 0) {
			return 0; // the semaphore stays for the answer that is still to come
		}
		dispatch_release(answered);
		return allowed ? 1 : 0;
	}
}
